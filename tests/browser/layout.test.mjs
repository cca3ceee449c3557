import assert from "node:assert/strict";
import { test } from "node:test";
import { open, picture, until, untilText } from "./page.mjs";
import { count, startHoldfast, temporaryFolder } from "./servers.mjs";

const widths = [360, 768, 1920];
const schemes = ["light", "dark"];
const unbroken = "https://" + "a-very-long-host-name-without-any-place-to-break-".repeat(6) + ".example";
const counterOf = (i) => `metrics:a_long_type_of_counters:${"and_a_context_that_goes_on_".repeat(3)}${i}`;

// The worst that a status may hold: everything fails, with the longest texts.
async function withLongStatus(page) {
  await page.route(/\/api\/v1\/status/, async (route) => {
    const answer = await route.fetch();
    const status = await answer.json();
    status.store = { ...status.store, up: false, endpoint: unbroken, last_error: unbroken, failures: 9007199254740991, commands: 9007199254740991 };
    status.ledger = { ...status.ledger, set_aside_rows: 20, set_aside: Array.from({ length: 20 }, (_, i) => counterOf(i)), pending_rows: 123456 };
    status.state_problem = unbroken;
    for (const fetcher of Object.values(status.fetchers))
      Object.assign(fetcher, { state: "restarting", circuit: "half_open", restarts: 123456, fetches: 12345678, failures: 12345678, embargo_for: 86400, last_error: unbroken });
    for (const market of Object.values(status.markets)) Object.assign(market, { stale: true, age: 1e6, hits: 1e15, misses: 1e15, count: 123456 });
    status.tasks = Array.from({ length: 30 }, (_, i) => ({ ...status.tasks[0], name: `a_task_with_quite_a_long_name_${i}`, last_error: unbroken, every: 1, since_success: 1e6, success_rate: 0.01 }));
    status.events = Array.from({ length: 100 }, (_, i) => ({ number: 100 - i, kind: "link_down", subject: "redis", detail: unbroken, count: 12345, first: 1e9, last: 1.7e9 }));
    await route.fulfill({ json: status });
  });
}

async function tooWide(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

// Of every piece of text, the lowest contrast with what is behind it, and what it is.
async function contrast(page) {
  return page.evaluate(() => {
    const light = (color) => {
      const [r, g, b] = color.match(/[\d.]+/g).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const texts = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
      && !element.closest("svg, script, style, .unseen, .skip") && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
    const found = texts.map((element) => {
      const ink = light(getComputedStyle(element).color);
      let ground = element;
      while (/rgba\(0, 0, 0, 0\)/.test(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
      const behind = light(getComputedStyle(ground).backgroundColor);
      return { ratio: (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05), what: element.outerHTML.slice(0, 120) };
    });
    return { ...found.reduce((worst, one) => (one.ratio < worst.ratio ? one : worst)), texts: found.length };
  });
}

// What scrolls inside the page and cannot be reached with the keyboard, or has no name.
async function unreachable(page) {
  return page.evaluate(() => [...document.querySelectorAll("body *")].filter((element) => {
    const style = getComputedStyle(element);
    const scrolls = (/auto|scroll/.test(style.overflowY) && element.scrollHeight > element.clientHeight + 1)
      || (/auto|scroll/.test(style.overflowX) && element.scrollWidth > element.clientWidth + 1);
    return scrolls && (element.tabIndex < 0 || !element.getAttribute("aria-labelledby"));
  }).map((element) => element.outerHTML.slice(0, 120)));
}

async function judge(page, what, texts) {
  await picture(page, what);
  assert.ok((await tooWide(page)) <= 0, `${what} is ${await tooWide(page)} px too wide`);
  const worst = await contrast(page);
  assert.ok(worst.texts > texts, `${what} shows only ${worst.texts} texts`);
  assert.ok(worst.ratio >= 4.5, `${what}: contrast ${worst.ratio} of ${worst.what}`);
  assert.deepEqual(await unreachable(page), [], what);
  assert.deepEqual(page.complaints, []);
}

test("it fits from 360 to 1920 pixels, in light and dark, however much there is to tell", async () => {
  const folder = temporaryFolder();
  const { url } = await startHoldfast(folder, ["--simulate", "--log-level=off"]);
  count(folder, Object.fromEntries(Array.from({ length: 40 }, (_, i) => [counterOf(i), 9007199254740991 - i])));
  count(folder, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`metrics:feature_usage:a_feature_with_quite_a_long_name_${i}`, 10 ** i % 9e15])));
  for (const colorScheme of schemes)
    for (const width of widths) {
      const settings = { viewport: { width, height: 800 }, colorScheme };
      const healthy = await open(url, settings);
      await healthy.waitForSelector("#market-spot[data-state=good]");
      await untilText(healthy, "#counters-more", "30 of ");
      await judge(healthy, `healthy-${width}-${colorScheme}`, 150);
      await healthy.context().close();
      const failing = await open(url, settings, withLongStatus);
      await failing.waitForSelector("#market-spot[data-state=bad]");
      await untilText(failing, "#counters-more", "30 of ");
      await until(failing, () => document.querySelectorAll("#tasks tr").length === 30 && document.querySelectorAll("#events li").length === 100 && document.querySelectorAll("#features tr").length === 20);
      await judge(failing, `failing-${width}-${colorScheme}`, 500);
      await failing.unrouteAll({ behavior: "ignoreErrors" });
      await failing.context().close();
    }
});

test("the form for a token fits as well", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off", "--http-token=open sesame"]);
  for (const colorScheme of schemes)
    for (const width of widths) {
      const page = await open(url, { viewport: { width, height: 800 }, colorScheme });
      await page.waitForSelector("#token-form:not([hidden])");
      assert.equal(await page.evaluate(() => document.activeElement.id), "token");
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#token-refused:not([hidden])");
      await judge(page, `token-${width}-${colorScheme}`, 5);
      await page.context().close();
    }
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { end, endAll, freePort, startExchange, startHoldfast, startRedis, temporaryFolder } from "./servers.mjs";

const { chromium } = createRequire(`${process.env.HOLDFAST_BROWSER_MODULES}/`)("playwright-core");
const program = process.env.HOLDFAST_PROGRAM;
// A simulated exchange answers at once; lists are fresh for a second, so that a dead one shows quickly.
const quick = ["--spot-ttl=1s", "--futures-ttl=1s", "--spot-warmup-interval=1s", "--futures-warmup-interval=1s", "--fetch-timeout=1s", "--log-level=off"];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
});
after(async () => {
  await browser?.close();
  await endAll();
});

// A page that fails the test where the browser complains or anything from outside is asked for.
async function open(url, settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) page.complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) page.complaints.push(request.url());
  });
  await page.goto(url);
  return page;
}

const word = (page, market) => page.locator(`#market-${market} .word`);

// Asks until it is so. (Playwright's own waitForFunction() evaluates text, which the page's policy forbids.)
async function until(page, condition) {
  for (const giveUp = Date.now() + 20_000; Date.now() < giveUp; await page.waitForTimeout(20))
    if (await page.evaluate(condition)) return;
  assert.fail(`never so: ${condition}`);
}

async function within(ms, page, condition, what) {
  const began = Date.now();
  await until(page, condition);
  const took = Date.now() - began;
  assert.ok(took <= ms, `${what} showed after ${took} ms`);
}

test("numbers change when counters change, without reloading", async () => {
  const folder = temporaryFolder();
  const { url } = await startHoldfast(folder, ["--simulate", "--log-level=off"]);
  const page = await open(url);
  await page.waitForSelector("#market-spot[data-state=good]");
  assert.equal(await word(page, "futures").textContent(), "Fresh");
  const add = (amount) => execFileSync(program, ["incr", "metrics:orders:sent", String(amount), `--state-dir=${folder}/state`]);
  add(41);
  const value = page.locator('#counters tr[data-key="metrics:orders:sent"] td').first();
  await page.waitForSelector('#counters tr[data-key="metrics:orders:sent"]');
  assert.equal(await value.textContent(), "41");
  add(1);
  await until(page, () => document.querySelector('#counters tr[data-key="metrics:orders:sent"] td').textContent === "42");
  await page.keyboard.press("/");
  await page.keyboard.type("orders");
  await until(page, () => document.querySelectorAll("#counters tr").length === 1);
  await page.keyboard.press("Escape");
  for (let i = 0; i < 20; ++i) await page.request.get(`${url}/api/v1/symbols/spot/BTCUSDT`);
  await until(page, () => document.querySelector("#chart-requests path.spot")?.getAttribute("d").includes("L"));
  await page.getByLabel("1 h").check();
  await until(page, () => document.querySelector("#chart-hits svg"));
  assert.match(await page.locator("#chart-hits").getAttribute("aria-label"), /Hit rate: spot/);
  assert.match(await page.locator("#events").textContent(), /engine started/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a dead exchange shows within three seconds and its return, too", async () => {
  const exchange = await startExchange();
  const { url } = await startHoldfast(temporaryFolder(), [`--spot-urls=${exchange.url}`, `--futures-urls=${exchange.url}`, ...quick]);
  const page = await open(url);
  await page.waitForSelector("#market-spot[data-state=good]");
  await end(exchange.child);
  await within(3000, page, () => document.querySelector("#market-spot").dataset.state !== "good" && document.querySelector("#verdict").dataset.state !== "good", "the dead exchange");
  await until(page, () => document.querySelector("#market-spot .word").textContent === "Stale");
  assert.match(await page.locator("#announcer").textContent(), /spot is stale/);
  assert.match(await page.locator("#fetchers").textContent(), /Couldn't connect/);
  await startExchange(new URL(exchange.url).port);
  await page.waitForSelector("#market-spot[data-state=good]", { timeout: 40_000 });
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a dead redis shows within three seconds, and that it is back", async () => {
  const folder = temporaryFolder();
  const port = await freePort();
  const redis = await startRedis(port, folder);
  const { url } = await startHoldfast(folder, ["--simulate", "--log-level=off", `--redis-url=redis://127.0.0.1:${port}/0`]);
  const page = await open(url);
  await until(page, () => document.querySelector('[data-term="link"]')?.textContent === "up");
  await end(redis);
  execFileSync(program, ["incr", "metrics:orders:sent", "5", `--state-dir=${folder}/state`]);
  await within(3000, page, () => document.querySelector('[data-term="link"]').textContent === "DOWN", "the dead redis");
  await until(page, () => /store link down/.test(document.querySelector("#events").textContent));
  await startRedis(port, folder);
  await until(page, () => document.querySelector('[data-term="link"]').textContent === "up");
  await page.close();
});

test("tasks and features show what they did and a task that fails shows why", async () => {
  const exchange = await startExchange();
  const folder = temporaryFolder();
  const { url } = await startHoldfast(folder, [`--spot-urls=${exchange.url}`, `--futures-urls=${exchange.url}`, ...quick]);
  const page = await open(url);
  await page.waitForSelector("#market-spot[data-state=good]");
  const task = '#tasks tr[data-task="warmup_spot_symbols_cache"]';
  await page.waitForSelector(task);
  await until(page, () => document.querySelector('#tasks tr[data-task="warmup_spot_symbols_cache"] td:nth-child(3)').textContent === "100 %");
  assert.match(await page.locator(task).textContent(), /\d+ s ago/);
  assert.equal(await page.locator("#features-none").isVisible(), true);
  for (const [name, uses] of [["grid_strategy", "41"], ["stop_loss", "2"]])
    execFileSync(program, ["incr", `metrics:feature_usage:${name}`, uses, `--state-dir=${folder}/state`]);
  await page.waitForSelector('#features tr[data-feature="stop_loss"]');
  const names = await page.locator("#features th").allTextContents();
  assert.deepEqual(names, ["grid_strategy", "stop_loss"]);
  assert.equal(await page.locator('#features tr[data-feature="grid_strategy"] td').first().textContent(), "41");
  await end(exchange.child);
  await until(page, () => /Couldn't connect|fetch_/.test(document.querySelector('#tasks tr[data-task="warmup_spot_symbols_cache"] td:last-child').textContent));
  await until(page, () => /no success of warmup_spot_symbols_cache/.test(document.querySelector("#verdict-text").textContent));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a token is asked for, refused when wrong, and kept for the tab", async () => {
  const { url, child } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off", "--http-token=open sesame"]);
  const page = await open(url);
  await page.waitForSelector("#token-form:not([hidden])");
  assert.equal(await page.locator("main").isVisible(), false);
  await page.fill("#token", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#token-refused:not([hidden])");
  await page.fill("#token", "open sesame");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#market-spot[data-state=good]");
  await page.reload();
  await page.waitForSelector("#market-spot[data-state=good]");
  await end(child);
  await until(page, () => /no answer/.test(document.querySelector("#verdict-text").textContent));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("it fits from 360 to 1920 pixels, in light and dark", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off"]);
  for (const colorScheme of ["light", "dark"])
    for (const width of [360, 768, 1920]) {
      const page = await open(url, { viewport: { width, height: 800 }, colorScheme });
      await page.waitForSelector("#market-spot[data-state=good]");
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${overflow} px too wide at ${width}`);
      const contrast = await page.evaluate(() => {
        const light = (color) => {
          const [r, g, b] = color.match(/[\d.]+/g).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return [...document.querySelectorAll("#market-spot dt, #market-spot dd, #market-spot .pill, #pulse, #counters th, #tasks th, #tasks td, .quiet")].map((element) => {
          const ink = light(getComputedStyle(element).color);
          let ground = element;
          while (/rgba\(0, 0, 0, 0\)/.test(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
          const behind = light(getComputedStyle(ground).backgroundColor);
          return (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05);
        });
      });
      assert.ok(Math.min(...contrast) >= 4.5, `contrast ${Math.min(...contrast)} in ${colorScheme}`);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
});

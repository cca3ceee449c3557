import assert from "node:assert/strict";
import { test } from "node:test";
import { open, until, untilText } from "./page.mjs";
import { count, fillHistory, startHoldfast, temporaryFolder } from "./servers.mjs";

const hits = "metrics:cache_hit:symbols_spot";
const misses = "metrics:cache_miss:symbols_spot";
const sent = "metrics:orders:sent";

// Fifty minutes in which three of four questions were answered fresh, and one order was sent every two seconds.
async function startWithPast() {
  const folder = temporaryFolder();
  const { url } = await startHoldfast(folder, ["--simulate", "--log-level=off"]);
  count(folder, { [hits]: 1, [misses]: 1, [sent]: 1 });
  const recorded = async (key) => (await (await fetch(`${url}/api/v1/history/${key}?since=-300`)).json()).points.length > 0;
  for (const giveUp = Date.now() + 30_000; !((await recorded(hits)) && (await recorded(misses)) && (await recorded(sent)));)
    assert.ok(Date.now() < giveUp, "nothing was ever recorded");
  fillHistory(folder, { [hits]: 3, [misses]: 1, [sent]: 0.5 }, 50);
  return url;
}

const label = (page, id) => page.locator(id).getAttribute("aria-label");
const lines = (path) => (path.match(/L/g) ?? []).length;

test("what was before the page was opened is drawn from the history", async () => {
  const url = await startWithPast();
  const page = await open(url);
  const spark = `#counters tr[data-key="${sent}"] .spark svg`;
  // (A level line has no height, and so is not "visible".) A line that came too late is asked for again after half a minute.
  await page.waitForSelector(`${spark} path`, { state: "attached", timeout: 90_000 });
  assert.ok(lines(await page.locator(`${spark} path`).getAttribute("d")) > 30);
  assert.match(await page.locator(spark).getAttribute("aria-label"), /^rate from .* to 0\.50\/s$/);
  // A rate that never changes is a level line.
  for (const range of ["1 h", "24 h"]) {
    await page.getByLabel(range).check();
    await until(page, () => (document.querySelector("#chart-hits path.spot")?.getAttribute("d").match(/L/g) ?? []).length > 8);
    const height = await page.evaluate(() => document.querySelector("#chart-hits").clientHeight);
    const at75 = (10 + 0.25 * (height - 34)).toFixed(1);
    const path = await page.locator("#chart-hits path.spot").getAttribute("d");
    assert.ok(path.split(` ${at75}`).length > 8, `${range}: three quarters are not at ${at75} in ${path}`);
    assert.ok(lines(await page.locator("#chart-requests path.spot").getAttribute("d")) > 8);
    assert.equal(lines(await page.locator("#chart-requests path.futures").getAttribute("d")), 0);
  }
  // The live range knows what was before, too.
  await page.getByLabel("Live").check();
  await until(page, () => (document.querySelector("#chart-hits path.spot")?.getAttribute("d").match(/L/g) ?? []).length > 8);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("what is asked now is drawn while it is asked", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off"]);
  const page = await open(url);
  await page.waitForSelector("#market-spot[data-state=good]");
  for (let i = 0; i < 40; ++i) {
    await page.request.get(`${url}/api/v1/symbols/spot/BTCUSDT`);
    if (i === 20) await untilText(page, "#counters", "cache_hit:symbols_spot");
  }
  await until(page, () => document.querySelector("#chart-requests path.spot")?.getAttribute("d").includes("L"));
  await until(page, () => document.querySelector("#chart-hits path.spot")?.getAttribute("d").startsWith("M"));
  await until(page, () => /^Hit rate: spot 100 %, futures none/.test(document.querySelector("#chart-hits").getAttribute("aria-label")));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("charts are read with the keyboard and by those who do not see them", async () => {
  const url = await startWithPast();
  const page = await open(url);
  await page.waitForSelector("#market-spot[data-state=good]");
  await page.getByLabel("Live").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByLabel("1 h").isChecked(), true);
  await until(page, () => (document.querySelector("#chart-hits path.spot")?.getAttribute("d").match(/L/g) ?? []).length > 8);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "chart-hits");
  assert.equal(await page.locator("#chart-hits").getAttribute("role"), "img");
  // A fortieth of the range with every key: ten minutes ago.
  for (let i = 0; i < 7; ++i) await page.keyboard.press("ArrowLeft");
  assert.match(await label(page, "#chart-hits"), /^Hit rate: spot 75 %, futures none\. Arrow keys move in time\.$/);
  assert.match(await page.locator("#chart-hits .readout").textContent(), /^\d\d:\d\d.*: spot 75 %, futures none$/);
  const cursor = () => page.locator("#chart-hits .cursor").getAttribute("x1");
  const before = Number(await cursor());
  await page.keyboard.press("ArrowRight");
  assert.ok(Number(await cursor()) > before);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "chart-requests");
  assert.equal(await page.locator("#chart-hits .readout").isVisible(), false);
  for (let i = 0; i < 7; ++i) await page.keyboard.press("ArrowLeft");
  assert.match(await label(page, "#chart-requests"), /^Questions per second: spot 4, futures none/);
  // The mouse does the same.
  const box = await page.locator("#chart-requests").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  assert.match(await page.locator("#chart-requests .readout").textContent(), /spot 4, futures none$/);
  await page.mouse.move(0, 0);
  await until(page, () => document.querySelector("#chart-requests .readout").hidden);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

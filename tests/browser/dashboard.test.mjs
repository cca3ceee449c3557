import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { open, until, untilText, within } from "./page.mjs";
import { end, freePort, startExchange, startHoldfast, startRedis, temporaryFolder } from "./servers.mjs";

const program = process.env.HOLDFAST_PROGRAM;
// A simulated exchange answers at once; lists are fresh for a second, so that a dead one shows quickly.
const quick = ["--spot-ttl=1s", "--futures-ttl=1s", "--spot-warmup-interval=1s", "--futures-warmup-interval=1s", "--fetch-timeout=1s", "--log-level=off"];

const word = (page, market) => page.locator(`#market-${market} .word`);

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

// Only the page itself asks the store for anything here.
for (const [name, fail, mend] of [
  ["dead", end, (child, port, folder) => startRedis(port, folder)],
  ["frozen", (child) => child.kill("SIGSTOP"), (child) => child.kill("SIGCONT")],
])
  test(`a ${name} redis shows within three seconds, and that it is back`, async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    const redis = await startRedis(port, folder);
    const { url } = await startHoldfast(folder, ["--simulate", "--log-level=off", `--redis-url=redis://127.0.0.1:${port}/0`]);
    const page = await open(url);
    await until(page, () => document.querySelector('[data-term="link"]')?.textContent === "up");
    await untilText(page, "#verdict-text", "all well");
    await fail(redis);
    await within(3000, page, () => document.querySelector('[data-term="link"]').textContent === "DOWN" && document.querySelector("#verdict").dataset.state === "bad", `the ${name} redis`);
    await untilText(page, "#verdict-text", "the store link is down");
    await untilText(page, "#events", "store link down");
    // The page goes on: what needs no store is as live as before.
    assert.equal(await word(page, "spot").textContent(), "Fresh");
    await untilText(page, "#pulse", "live");
    await mend(redis, port, folder);
    await until(page, () => document.querySelector('[data-term="link"]').textContent === "up");
    await untilText(page, "#verdict-text", "all well");
    assert.deepEqual(page.complaints, []);
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

test("without a history everything but the past is shown", async () => {
  const folder = temporaryFolder();
  const { url } = await startHoldfast(folder, ["--simulate", "--log-level=off", "--history-10s=0", "--history-1min=0", "--history-1h=0"]);
  const page = await open(url);
  await page.waitForSelector("#market-spot[data-state=good]");
  execFileSync(program, ["incr", "metrics:feature_usage:grid_strategy", "7", `--state-dir=${folder}/state`]);
  await page.waitForSelector('#counters tr[data-key="metrics:feature_usage:grid_strategy"]');
  await page.waitForSelector('#features tr[data-feature="grid_strategy"]');
  await untilText(page, '#counters tr[data-key="metrics:feature_usage:grid_strategy"] .spark', "not kept");
  for (let i = 0; i < 20; ++i) await page.request.get(`${url}/api/v1/symbols/spot/BTCUSDT`);
  await until(page, () => document.querySelector("#chart-requests path.spot")?.getAttribute("d").startsWith("M"));
  await page.getByLabel("1 h").check();
  await untilText(page, "#chart-requests", "no history is kept");
  await untilText(page, "#pulse", "live");
  await untilText(page, "#verdict-text", "all well");
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a history that does not answer holds nothing else up", async () => {
  const folder = temporaryFolder();
  const { url } = await startHoldfast(folder, ["--simulate", "--log-level=off"]);
  const page = await open(url, {}, (made) => made.route(/\/api\/v1\/history\//, () => {}));
  await page.waitForSelector("#market-spot[data-state=good]");
  const add = () => execFileSync(program, ["incr", "metrics:orders:sent", "1", `--state-dir=${folder}/state`]);
  await page.getByLabel("24 h").check();
  for (let sent = 1; sent <= 3; ++sent) {
    add();
    await until(page, (value) => document.querySelector('#counters tr[data-key="metrics:orders:sent"] td')?.textContent === value, String(sent));
  }
  await untilText(page, "#chart-hits", "the history does not answer");
  await untilText(page, "#pulse", "live");
  await untilText(page, "#verdict-text", "all well");
  await page.close();
});

test("counters that do not answer are told and the rest stays live", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off"]);
  const page = await open(url, {}, (made) => made.route(/\/api\/v1\/counters/, (route) => route.fulfill({ status: 503, body: "{}" })));
  await page.waitForSelector("#market-spot[data-state=good]");
  await untilText(page, "#counters-late", "No newer values: the server answered 503.");
  await untilText(page, "#pulse", "live");
  await page.unroute(/\/api\/v1\/counters/);
  await until(page, () => document.querySelector("#counters-late").textContent === "");
  await page.close();
});

test("a page that is left open grows no further", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off"]);
  const page = await open(url, {}, (made) => made.addInitScript(() => {
    globalThis.listeners = 0;
    const add = document.addEventListener;
    document.addEventListener = function (...args) {
      ++globalThis.listeners;
      return add.apply(this, args);
    };
  }));
  let rounds = 0;
  page.on("response", (response) => { if (response.url().includes("/api/v1/status")) ++rounds; });
  await page.waitForSelector("#market-spot[data-state=good]");
  const listeners = await page.evaluate(() => globalThis.listeners);
  for (const enough = rounds + 4; rounds < enough;) await page.waitForEvent("response");
  assert.equal(await page.evaluate(() => globalThis.listeners), listeners);
  // Ten minutes of a second each, with a thousand counters.
  const held = await page.evaluate(() => {
    const real = { now: Date.now, steady: performance.now };
    const values = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`metrics:left:open_${i}`, i]));
    const most = { samples: 0, live: 0, keys: 0 };
    for (let second = 1; second <= 600; ++second) {
      Date.now = () => real.now() + second * 1000;
      performance.now = () => real.steady.call(performance) + second * 1000;
      showCounters({ ...values, "metrics:cache_hit:symbols_spot": second });
      most.samples = Math.max(most.samples, state.samples.length);
      most.live = Math.max(most.live, state.live.length);
      most.keys = Math.max(most.keys, ...state.live.map((sample) => Object.keys(sample.values).length));
    }
    Date.now = real.now;
    delete performance.now;
    return most;
  });
  assert.ok(held.samples <= 12 && held.live > 290 && held.live <= 303 && held.keys <= 4, JSON.stringify(held));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a step of the wall clock stops no rate and no chart", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off"]);
  const page = await open(url);
  await page.waitForSelector("#market-spot[data-state=good]");
  const seen = await page.evaluate(() => {
    const real = { now: Date.now, steady: performance.now };
    const began = performance.now();
    let passed = 0;
    let step = 0;
    Date.now = () => real.now() + passed * 1000 - step * 1000;
    performance.now = () => began + passed * 1000;
    const rates = [];
    for (passed = 20; passed <= 80; ++passed) {
      if (passed === 50) step = 3600;
      showCounters({ "metrics:cache_hit:symbols_spot": 5 * passed });
      rates.push(rateOf("metrics:cache_hit:symbols_spot", state.samples.at(-1)));
    }
    const found = { rates, samples: state.samples.length, live: state.live.length, behind: wall() - state.live.at(-1).wall };
    Date.now = real.now;
    delete performance.now;
    return found;
  });
  assert.ok(seen.rates.slice(-20).every((rate) => Math.abs(rate - 5) < 0.01), JSON.stringify(seen.rates));
  assert.ok(seen.samples <= 12 && seen.live === 31 && Math.abs(seen.behind) < 2, JSON.stringify(seen));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a part that nobody answers for is told and its defaults are not taken for facts", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off"]);
  let late = false;
  const page = await open(url, {}, (made) => made.route(/\/api\/v1\/status/, async (route) => {
    const answer = await route.fetch();
    const status = await answer.json();
    if (late) Object.assign(status, { silent: ["history"], history: { ...status.history, kept: false, series: 0 } });
    await route.fulfill({ response: answer, json: status });
  }));
  await untilText(page, "#verdict-text", "all well");
  late = true;
  await untilText(page, "#verdict-text", "nobody answers for history");
  assert.equal(await page.locator('[data-term="history"]').textContent(), "no answer");
  await page.getByLabel("1 h").check();
  await untilText(page, "#chart-hits", "no questions in this time");
  late = false;
  await untilText(page, "#verdict-text", "all well");
  await page.close();
});

test("events of another day have their date", async () => {
  const { url } = await startHoldfast(temporaryFolder(), ["--simulate", "--log-level=off"]);
  const weekAgo = Date.now() / 1000 - 7 * 86400;
  const page = await open(url, {}, (made) => made.route(/\/api\/v1\/status/, async (route) => {
    const answer = await route.fetch();
    const status = await answer.json();
    status.events.push({ number: 0, kind: "stale", subject: "spot", detail: "", count: 1, first: weekAgo, last: weekAgo });
    await route.fulfill({ response: answer, json: status });
  }));
  await page.waitForSelector("#events li");
  const times = await page.locator("#events time").allTextContents();
  assert.match(times.at(-1), /[A-Z]/);
  assert.doesNotMatch(times[0], /[A-Z]{1}[a-z]/);
  await page.close();
});

// Asks the server once a second while the page is seen, and shows what it answers.

const patience = 2500;
const live = 300; // seconds of the live range
const ranges = [["Live", live], ["1 h", 3600], ["24 h", 86400], ["30 d", 30 * 86400]];
const markets = ["spot", "futures"];
const keysOf = (market) => [`metrics:cache_hit:symbols_${market}`, `metrics:cache_miss:symbols_${market}`];
const chartKeys = markets.flatMap(keysOf);
const rateOver = 10; // seconds that a rate in the table is taken over; samples further apart than that are a gap in the charts

const state = {
  token: sessionStorage.getItem("holdfast-token") ?? "",
  range: live,
  samples: [],       // {at, values} of the last seconds, for the table
  live: [],          // {at, values} of the live range, of the charts' counters alone
  earlier: null,     // per counter: what the history knows of the time before `live`; null: nothing was heard of it yet
  earlierAt: 0,      // when it was asked for that
  kept: true,        // whether a history is kept
  answered: 0,       // when the server last answered
  said: "",
  charted: 0,        // when the history was last asked for the charts
  featuresAt: 0,     // when the features were last asked for
  failure: "",
};
const counters = new CounterTable();
const charts = {
  hits: new Chart(byId("chart-hits"), "Hit rate", percent, 1),
  requests: new Chart(byId("chart-requests"), "Questions per second", (value) => Number(value.toPrecision(3)).toLocaleString()),
};

async function ask(path) {
  const headers = state.token ? { Authorization: `Bearer ${state.token}` } : {};
  const answer = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(patience) });
  if (answer.status === 401) throw new Error("token");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

const why = (failure) => failure.name === "TimeoutError" ? "it takes too long" : failure.message;

function wantToken() {
  byId("token-refused").hidden = !state.token;
  if (!byId("token-form").hidden) return;
  byId("token-form").hidden = false;
  document.querySelector("main").hidden = true;
  byId("token").focus();
}

function say(text) {
  if (text === state.said) return;
  state.said = text;
  byId("announcer").textContent = text;
}

function verdict(level, text) {
  byId("verdict").dataset.state = level;
  setText(byId("verdict-text"), text);
  document.title = `${{ good: "", warn: "! ", bad: "\u2715 " }[level] ?? ""}holdfast: ${text}`;
}

function showStatus(status) {
  const now = Date.now() / 1000;
  const found = Object.entries(status.markets).map(([name, market]) => showMarket(name, market, status.fetchers[name], now));
  showFetchers(status.fetchers);
  showStore(status.store, status.ledger, status.history);
  showEvents(status.events);
  found.push(showTasks(status.tasks));
  if (!status.store.up) found.push(["bad", "the store link is down"]);
  else if (!status.store.takes_writes) found.push(["warn", "the store takes no writes"]);
  if (status.ledger.set_aside_rows) found.push(["warn", `${status.ledger.set_aside_rows} counters are set aside`]);
  if (status.state_problem) found.push(["warn", "state is kept in memory only"]);
  const worst = found.find(([level]) => level === "bad") ? "bad" : found.find(([level]) => level === "warn") ? "warn" : "good";
  const text = worst === "good" ? "all well" : found.filter(([level]) => level !== "good").map(([, what]) => what).join(", ");
  verdict(worst, text);
  say(text);
}

function rateOf(key, sample) {
  const before = state.samples[0];
  if (before === sample || !(key in before.values)) return null;
  return (sample.values[key] - before.values[key]) / (sample.at - before.at);
}

function showCounters(values) {
  const sample = { at: Date.now() / 1000, values };
  state.samples.push(sample);
  while (state.samples[0].at < sample.at - rateOver) state.samples.shift();
  // After a pause, as of a page in the background, the history knows more than the page.
  if (state.live.length && sample.at - state.live.at(-1).at >= rateOver) {
    state.live = [];
    state.earlier = null;
    state.earlierAt = 0;
  }
  state.live.push({ at: sample.at, values: Object.fromEntries(chartKeys.filter((key) => key in values).map((key) => [key, values[key]])) });
  while (state.live[0].at < sample.at - live) state.live.shift();
  showTable();
}

function showTable() {
  const newest = state.samples.at(-1);
  if (newest) counters.show(Object.keys(newest.values).map((key) => [key, newest.values[key], rateOf(key, newest)]), byId("search").value);
}

// Hits and misses per second, as [seconds, rate or null], into the two charts.
function showLines(rates, from, until, gap, empty = "no questions in this time") {
  const hits = [];
  const requests = [];
  for (const market of markets) {
    const [hit, miss] = keysOf(market).map((key) => new Map(rates[key]));
    const times = [...new Set([...hit.keys(), ...miss.keys()])].sort((a, b) => a - b);
    const sum = (at) => Math.max(0, hit.get(at) ?? 0) + Math.max(0, miss.get(at) ?? 0);
    const known = (at) => (hit.get(at) ?? miss.get(at) ?? null) !== null;
    hits.push({ name: market, points: times.map((at) => [at, sum(at) > 0 ? Math.max(0, hit.get(at) ?? 0) / sum(at) : null]) });
    requests.push({ name: market, points: times.map((at) => [at, known(at) ? sum(at) : null]) });
  }
  charts.hits.show(hits, from, until, gap, empty);
  charts.requests.show(requests, from, until, gap, empty);
}

function chartLive() {
  const until = Date.now() / 1000;
  const rates = {};
  for (const key of chartKeys) {
    const earlier = (state.earlier?.[key] ?? []).filter(([at]) => at >= until - live);
    rates[key] = earlier.concat(state.live.slice(1).map((sample, i) => {
      const before = state.live[i];
      const known = key in sample.values && key in before.values;
      return [sample.at, known ? (sample.values[key] - before.values[key]) / (sample.at - before.at) : null];
    }));
  }
  showLines(rates, until - live, until, 15, state.live.length ? undefined : "nothing is heard of the counters");
}

const historyOf = (key, since, step) => ask(`/api/v1/history/${encodeURIComponent(key)}?since=${since}&step=${step}`);

async function readEarlier() {
  const first = state.live[0];
  if (!state.kept || state.earlier || !first || Date.now() - state.earlierAt < 10000) return;
  state.earlierAt = Date.now();
  const began = Math.floor(first.at);
  const lines = await Promise.all(chartKeys.map((key) => historyOf(key, began - live, 10)));
  if (first !== state.live[0]) return;
  state.earlier = Object.fromEntries(lines.map((line) =>
    [line.key, line.points.filter((point) => point.t + line.step <= began).map((point) => [point.t + line.step, point.rate])]));
}

async function chartHistory() {
  const range = state.range;
  const until = Math.floor(Date.now() / 1000);
  const without = (reason) => range === state.range && showLines({}, until - range, until, 0, reason);
  if (!state.kept) return without("no history is kept");
  const step = Math.max(10, Math.ceil(range / 400 / 10) * 10);
  try {
    const lines = await Promise.all(chartKeys.map((key) => historyOf(key, until - range, step)));
    if (range !== state.range) return;
    const rates = Object.fromEntries(lines.map((line) => [line.key, line.points.map((point) => [point.t, point.rate])]));
    showLines(rates, until - range, until, Math.max(...lines.map((line) => line.step)) * 1.5);
  } catch {
    without("the history does not answer");
  }
}

// Sums over days: every few seconds is often enough.
async function readFeatures() {
  if (Date.now() - state.featuresAt < 5000) return;
  state.featuresAt = Date.now();
  showFeatures(await ask("/api/v1/features"));
}

async function chart() {
  if (state.range === live) return chartLive();
  if (Date.now() - state.charted < 10000) return;
  state.charted = Date.now();
  await chartHistory();
}

// A few at a time: a search through thousands of counters must not become thousands of questions.
async function sparklines() {
  const until = Math.floor(Date.now() / 1000);
  const wanted = counters.dueForHistory(Date.now(), 30000, 8);
  await Promise.all(wanted.map(async (key) => {
    const line = state.kept ? await historyOf(key, until - 3600, 60) : null;
    counters.draw(key, line, until - 3600, until);
  }));
}

async function readCounters() {
  try {
    showCounters(await ask("/api/v1/counters"));
    setText(byId("counters-late"), "");
  } catch (failure) {
    setText(byId("counters-late"), `No newer values: ${why(failure)}.`);
    throw failure;
  }
}

// What is slow or fails beside the status holds up nothing else, and is asked for again a round later.
const underWay = new Set();
async function aside(question) {
  if (underWay.has(question)) return;
  underWay.add(question);
  try {
    await question();
  } catch {
    // It is told where it would be seen, or the status tells the same.
  } finally {
    underWay.delete(question);
  }
}

function pulse() {
  const silent = (Date.now() - state.answered) / 1000;
  const late = state.answered > 0 && silent > 3;
  byId("pulse").toggleAttribute("data-late", late || Boolean(state.failure));
  if (!state.failure && !late) return setText(byId("pulse"), "live");
  setText(byId("pulse"), `no answer${state.answered ? ` for ${length(silent)}` : ""}: ${state.failure || "waiting"}`);
  if (late) {
    verdict("bad", "no answer from holdfast");
    say("no answer from holdfast");
  }
}

async function round() {
  aside(readCounters);
  try {
    const status = await ask("/api/v1/status?events=100");
    byId("token-form").hidden = true;
    document.querySelector("main").hidden = false;
    state.answered = Date.now();
    state.failure = "";
    state.kept = status.history.kept;
    showStatus(status);
  } catch (failure) {
    if (failure.message === "token") wantToken();
    state.failure = failure.message === "token" ? "a token is wanted" : why(failure);
  }
  pulse();
  if (state.failure || document.hidden) return;
  for (const question of [readEarlier, chart, sparklines, readFeatures]) aside(question);
}

let wakeUp = () => {};
document.addEventListener("visibilitychange", () => wakeUp());

async function forever() {
  for (;;) {
    const began = Date.now();
    await round();
    const pause = (document.hidden ? 10000 : 1000) - (Date.now() - began);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(100, pause));
      wakeUp = () => { clearTimeout(timer); resolve(); };
    });
  }
}

for (const [name, seconds] of ranges) {
  const choice = make("input", { type: "radio", name: "range", value: seconds });
  choice.checked = seconds === live;
  choice.addEventListener("change", () => {
    state.range = seconds;
    state.charted = 0;
    chart();
  });
  byId("ranges").append(make("label", {}, choice, make("span", {}, name)));
}
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.token = byId("token").value;
  sessionStorage.setItem("holdfast-token", state.token);
  round();
});
byId("search").addEventListener("input", showTable);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input")) return;
  event.preventDefault();
  byId("search").focus();
});
byId("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
forever();

// Asks the server once a second while the page is seen, and shows what it answers.

const patience = 2500;
const live = 300; // seconds of the live range
const ranges = [["Live", live], ["1 h", 3600], ["24 h", 86400], ["30 d", 30 * 86400]];
const markets = ["spot", "futures"];
const keysOf = (market) => [`metrics:cache_hit:symbols_${market}`, `metrics:cache_miss:symbols_${market}`];
const chartKeys = markets.flatMap(keysOf);
const rateOver = 10; // seconds that a rate in the table is taken over; samples further apart than that are a gap in the charts
const sharedFor = 0.8; // seconds: those who look at the same time share a reading of the counters

const state = {
  token: sessionStorage.getItem("holdfast-token") ?? "",
  range: live,
  samples: [],       // {at, wall, values} of the last seconds, for the table; `at` is steady
  live: [],          // the same of the live range, of the charts' counters alone
  earlier: null,     // per counter: what the history knows of the time before `live`; null: nothing was heard of it yet
  earlierAt: never,  // when it was asked for that
  kept: true,        // whether a history is kept
  answered: never,   // when the server last answered
  said: "",
  charted: never,    // when the history was last asked for the charts
  featuresAt: never, // when the features were last asked for
  failure: "",
};
const counters = new CounterTable();
const charts = {
  hits: new Chart(byId("chart-hits"), "Hit rate", percent, 1),
  requests: new Chart(byId("chart-requests"), "Questions per second", (value) => Number(value.toPrecision(3)).toLocaleString()),
};

// `heard` gets the answer's headers.
async function ask(path, heard = () => {}) {
  const headers = state.token ? { Authorization: `Bearer ${state.token}` } : {};
  const answer = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(patience) });
  if (answer.status === 401) throw new Error("token");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  heard(answer.headers);
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
  const now = wall();
  const silent = status.silent ?? [];
  const found = Object.entries(status.markets).map(([name, market]) => showMarket(name, market, status.fetchers[name], now));
  showFetchers(status.fetchers);
  showStore(status.store, status.ledger, status.history, silent);
  showEvents(status.events);
  found.push(showTasks(status.tasks));
  if (!status.store.up) found.push(["bad", "the store link is down"]);
  else if (!status.store.takes_writes) found.push(["warn", "the store takes no writes"]);
  if (silent.length) found.push(["warn", `nobody answers for ${silent.join(", ")}`]);
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

// Values that the server read `age` seconds ago.
function showCounters(values, age = 0) {
  const sample = { at: steady() - age, wall: wall() - age, values };
  const before = state.live.at(-1);
  // The same reading once more, which somebody else had caused.
  if (before && sample.at - before.at < sharedFor / 2) return;
  // After a pause the history knows more than the page; after a step of the wall clock, or a sleep, the old labels are wrong.
  const stepped = before && Math.abs((sample.wall - before.wall) - (sample.at - before.at)) >= rateOver;
  if (stepped) state.samples = [];
  if (before && (stepped || sample.at - before.at >= rateOver)) Object.assign(state, { live: [], earlier: null, earlierAt: never });
  state.samples.push(sample);
  while (state.samples[0].at < sample.at - rateOver) state.samples.shift();
  state.live.push({ at: sample.at, wall: sample.wall, values: Object.fromEntries(chartKeys.filter((key) => key in values).map((key) => [key, values[key]])) });
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
  const until = wall();
  const rates = {};
  for (const key of chartKeys) {
    const earlier = (state.earlier?.[key] ?? []).filter(([at]) => at >= until - live);
    rates[key] = earlier.concat(state.live.slice(1).map((sample, i) => {
      const before = state.live[i];
      const known = key in sample.values && key in before.values;
      return [sample.wall, known ? (sample.values[key] - before.values[key]) / (sample.at - before.at) : null];
    }));
  }
  showLines(rates, until - live, until, 15, state.live.length ? undefined : "nothing is heard of the counters");
}

const historyOf = (key, since, step) => ask(`/api/v1/history/${encodeURIComponent(key)}?since=${since}&step=${step}`);

async function readEarlier() {
  const first = state.live[0];
  if (!state.kept || state.earlier || !first || steady() - state.earlierAt < 10) return;
  state.earlierAt = steady();
  const began = Math.floor(first.wall);
  const lines = await Promise.all(chartKeys.map((key) => historyOf(key, began - live, 10)));
  if (first !== state.live[0]) return;
  state.earlier = Object.fromEntries(lines.map((line) =>
    [line.key, line.points.filter((point) => point.t + line.step <= began).map((point) => [point.t + line.step, point.rate])]));
}

async function chartHistory() {
  const range = state.range;
  const until = Math.floor(wall());
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
  if (steady() - state.featuresAt < 5) return;
  state.featuresAt = steady();
  showFeatures(await ask("/api/v1/features"));
}

async function chart() {
  if (state.range === live) return chartLive();
  if (steady() - state.charted < 10) return;
  state.charted = steady();
  await chartHistory();
}

// A few at a time: a search through thousands of counters must not become thousands of questions.
async function sparklines() {
  const until = Math.floor(wall());
  const wanted = counters.dueForHistory(steady(), 30, 8);
  await Promise.all(wanted.map(async (key) => {
    const line = state.kept ? await historyOf(key, until - 3600, 60) : null;
    counters.draw(key, line, until - 3600, until);
  }));
}

async function readCounters() {
  try {
    let age = 0;
    let stale = false;
    const values = await ask(`/api/v1/counters?max_age_ms=${sharedFor * 1000}`, (headers) => {
      age = Number(headers.get("X-Holdfast-Age-Ms")) / 1000;
      stale = headers.get("X-Holdfast-Stale") === "true";
    });
    showCounters(values, age);
    setText(byId("counters-late"), stale ? "The store does not answer: values of other processes are the last ones known." : "");
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
  const silent = steady() - state.answered;
  const late = state.answered !== never && silent > 3;
  byId("pulse").toggleAttribute("data-late", late || Boolean(state.failure));
  if (!state.failure && !late) return setText(byId("pulse"), "live");
  setText(byId("pulse"), `no answer${state.answered !== never ? ` for ${length(silent)}` : ""}: ${state.failure || "waiting"}`);
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
    state.answered = steady();
    state.failure = "";
    // Of a history that is late nobody knows whether it is kept: what was known holds.
    if (!status.silent?.includes("history")) state.kept = status.history.kept;
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
    const began = performance.now();
    await round();
    const pause = (document.hidden ? 10000 : 1000) - (performance.now() - began);
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
    state.charted = never;
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

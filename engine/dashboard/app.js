// Asks the server once a second while the page is seen, and shows what it answers.

const patience = 2500;
const live = 300; // seconds of the live range
const ranges = [["Live", live], ["1 h", 3600], ["24 h", 86400], ["30 d", 30 * 86400]];
const markets = ["spot", "futures"];
const keysOf = (market) => [`metrics:cache_hit:symbols_${market}`, `metrics:cache_miss:symbols_${market}`];

const state = {
  token: sessionStorage.getItem("holdfast-token") ?? "",
  range: live,
  samples: [],       // {at, values} of the live range
  earlier: {},       // per counter: what the history knows of the time before the page was opened
  answered: 0,       // when the server last answered
  said: "",
  charted: 0,
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
  const before = state.samples.find((one) => one.at >= sample.at - 10);
  if (!before || before === sample || !(key in before.values)) return null;
  return (sample.values[key] - before.values[key]) / (sample.at - before.at);
}

function showCounters(values) {
  const sample = { at: Date.now() / 1000, values };
  state.samples.push(sample);
  while (state.samples[0].at < sample.at - live - 5) state.samples.shift();
  const rows = Object.keys(values).map((key) => [key, values[key], rateOf(key, sample)]);
  counters.show(rows, byId("search").value);
}

// Hits and misses per second, as [seconds, rate or null], into the two charts.
function showLines(rates, from, until, gap) {
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
  charts.hits.show(hits, from, until, gap);
  charts.requests.show(requests, from, until, gap);
}

function chartLive() {
  const until = Date.now() / 1000;
  const rates = {};
  for (const key of markets.flatMap(keysOf))
    rates[key] = (state.earlier[key] ?? []).concat(state.samples.slice(1).map((sample, i) => {
      const before = state.samples[i];
      const known = key in sample.values && key in before.values && sample.at - before.at < 10;
      return [sample.at, known ? (sample.values[key] - before.values[key]) / (sample.at - before.at) : null];
    }));
  showLines(rates, until - live, until, 15);
}

async function readEarlier() {
  const began = Math.floor(Date.now() / 1000);
  for (const line of await Promise.all(markets.flatMap(keysOf).map((key) => ask(`/api/v1/history/${encodeURIComponent(key)}?since=${began - live}&step=10`))))
    state.earlier[line.key] = line.points.filter((point) => point.t + line.step <= began).map((point) => [point.t + line.step, point.rate]);
}

async function chartHistory() {
  const range = state.range;
  const until = Math.floor(Date.now() / 1000);
  const step = Math.max(10, Math.ceil(range / 400 / 10) * 10);
  const lines = await Promise.all(markets.flatMap(keysOf).map((key) => ask(`/api/v1/history/${encodeURIComponent(key)}?since=${until - range}&step=${step}`)));
  if (range !== state.range) return;
  const rates = Object.fromEntries(lines.map((line) => [line.key, line.points.map((point) => [point.t, point.rate])]));
  showLines(rates, until - range, until, Math.max(...lines.map((line) => line.step)) * 1.5);
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
  const wanted = counters.waitingForHistory(Date.now(), 30000).slice(0, 8);
  await Promise.all(wanted.map(async (key) => {
    const line = await ask(`/api/v1/history/${encodeURIComponent(key)}?since=${until - 3600}&step=60`);
    counters.draw(key, line.points.map((point) => [point.t, point.rate]), until - 3600, until, line.step * 1.5, Date.now());
  }));
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
  try {
    const [status, values] = await Promise.all([ask("/api/v1/status?events=100"), ask("/api/v1/counters")]);
    byId("token-form").hidden = true;
    document.querySelector("main").hidden = false;
    state.answered = Date.now();
    state.failure = "";
    showStatus(status);
    if (!state.samples.length) await readEarlier();
    showCounters(values);
    await Promise.all([chart(), sparklines(), readFeatures()]);
  } catch (failure) {
    if (failure.message === "token") {
      wantToken();
      state.failure = "a token is wanted";
    } else {
      state.failure = failure.name === "TimeoutError" ? "it takes too long" : failure.message;
    }
  }
  pulse();
}

async function forever() {
  for (;;) {
    const began = Date.now();
    await round();
    const pause = (document.hidden ? 10000 : 1000) - (Date.now() - began);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(100, pause));
      document.addEventListener("visibilitychange", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
  }
}

for (const [name, seconds] of ranges) {
  const choice = make("input", { type: "radio", name: "range", value: seconds });
  choice.checked = seconds === live;
  choice.addEventListener("change", () => {
    state.range = seconds;
    state.charted = 0;
    chart().catch(() => {});
  });
  byId("ranges").append(make("label", {}, choice, make("span", {}, name)));
}
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.token = byId("token").value;
  sessionStorage.setItem("holdfast-token", state.token);
  round();
});
byId("search").addEventListener("input", () => {
  const newest = state.samples.at(-1);
  if (newest) counters.show(Object.keys(newest.values).map((key) => [key, newest.values[key], rateOf(key, newest)]), byId("search").value);
});
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

// What the answers of the server look like on the page.

const byId = (id) => document.getElementById(id);
const perSecond = (rate) => rate === 0 ? "0/s" : Math.abs(rate) >= 10 ? `${Math.round(rate).toLocaleString()}/s` : `${rate.toPrecision(2)}/s`;
const percent = (share) => `${Math.round(share * 100)} %`;

function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

// Changes the page only where the text differs, so that readers and selections are left in peace.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function length(seconds) {
  if (seconds === null || seconds === undefined) return "unknown";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
  return `${Math.floor(whole / 86400)} days`;
}

function describe(list, rows) {
  for (const [term, text] of rows) {
    let entry = list.querySelector(`[data-term="${term}"]`);
    if (!entry) {
      entry = make("dd", { "data-term": term });
      list.append(make("dt", {}, term), entry);
    }
    setText(entry, String(text));
  }
}

const sources = { none: "nothing yet", cache: "shared store", private_api: "private API", public_api: "public API", last_good: "last good list" };

// good, warn or bad, and the word for it.
function judge(market, fetcher) {
  if (!market.count) return ["bad", "No list"];
  if (market.stale) return ["bad", "Stale"];
  if (fetcher.state !== "running" || fetcher.circuit !== "closed" || fetcher.last_error) return ["warn", "Fresh, refresh fails"];
  return ["good", "Fresh"];
}

function showMarket(name, market, fetcher, now) {
  let card = byId(`market-${name}`);
  if (!card) {
    card = make("article", { class: "card", id: `market-${name}`, "aria-labelledby": `market-title-${name}` },
      make("div", { class: "top" }, make("h3", { id: `market-title-${name}` }, name),
        make("p", { class: "pill" }, make("span", { class: "mark", "aria-hidden": "true" }), make("span", { class: "word" }))),
      make("p", { class: "count" }, make("span", { class: "listed" }), " ", make("small", {}, "symbols")), make("dl"));
    byId("market-cards").append(card);
  }
  const [state, word] = judge(market, fetcher);
  card.dataset.state = card.querySelector(".pill").dataset.state = state;
  setText(card.querySelector(".word"), word);
  setText(card.querySelector(".listed"), market.count.toLocaleString());
  const asked = market.hits + market.misses;
  describe(card.querySelector("dl"), [
    [market.stale ? "stale since" : "fresh since", market.since ? `${momentOf(new Date(market.since * 1000))} (${length(now - market.since)})` : "unknown"],
    ["list fetched", market.age === null ? "at an unknown time" : `${length(market.age)} ago`],
    ["source", sources[market.source] ?? market.source],
    ["next refresh", market.refreshing ? "running now" : market.next_refresh_in === null ? "when asked" : `in ${length(market.next_refresh_in)}`],
    ["answered fresh", asked ? `${percent(market.hits / asked)} of ${asked.toLocaleString()}` : "not asked yet"],
  ]);
  const old = card.querySelector(`[data-term="${market.stale ? "fresh" : "stale"} since"]`);
  old?.previousElementSibling.remove();
  old?.remove();
  return [state, `${name} is ${word.toLowerCase()}`];
}

function showFetchers(fetchers) {
  byId("fetchers").replaceChildren(...Object.entries(fetchers).map(([name, one]) => {
    const mark = (text, bad) => make("td", bad ? { class: "bad" } : {}, text);
    return make("tr", {}, make("th", { scope: "row" }, name), mark(one.state, one.state !== "running"),
      mark(one.circuit.replace("_", " "), one.circuit !== "closed"), mark(String(one.restarts), false), mark(String(one.fetches), false),
      mark(String(one.failures), false), mark(one.weight_limit ? `${one.used_weight} of ${one.weight_limit}` : "unknown", false),
      mark(one.embargo_for ? `embargo, ${length(one.embargo_for)}` : one.forbidden_for ? length(one.forbidden_for) : "no", Boolean(one.embargo_for)),
      make("td", {}, one.last_error || "none"));
  }));
}

// What nobody answers for is told as it was before, or not at all.
function showStore(store, ledger, history, silent) {
  const late = (part) => silent.includes(part) ? " (no answer)" : "";
  const kept = history.kept ? `${history.series} counters, ${(history.bytes / 1048576).toFixed(1)} MiB` : "not kept";
  describe(byId("store"), [
    ["link", (!store.up ? "DOWN" : store.takes_writes ? "up" : "up, takes no writes") + late("store")],
    ["kind", store.kind || "unknown"],
    ["at", store.endpoint || "unknown"],
    ["commands", store.commands.toLocaleString()],
    ["failures", store.failures.toLocaleString()],
    ["last error", store.last_error || "none"],
    ["counters", `${ledger.rows} of ${ledger.capacity} rows, ${ledger.durable ? "kept on disk" : "in memory only"}${late("ledger")}`],
    ["not in the store yet", `${ledger.pending_rows} rows`],
    ["set aside", ledger.set_aside.length ? ledger.set_aside.join("; ") : "none"],
    ["history", silent.includes("history") ? "no answer" : kept],
  ]);
  byId("store").querySelector('[data-term="link"]').classList.toggle("bad", !store.up || !store.takes_writes);
}

// A task is told where it has not succeeded for three of its intervals.
const isSilent = (task) => task.every !== null && task.since_success > 3 * task.every;

// [level, what is told of all of them].
function showTasks(tasks) {
  byId("tasks-none").hidden = tasks.length > 0;
  byId("tasks").replaceChildren(...tasks.map((one) => {
    const failing = one.success_rate !== null && one.success_rate < 0.5;
    const ago = one.last_success === null ? "never" : `${length(one.since_success)} ago`;
    return make("tr", { "data-task": one.name }, make("th", { scope: "row" }, one.name, one.running ? make("small", {}, " running") : ""),
      make("td", { class: "number" }, `${one.successes.toLocaleString()} of ${(one.successes + one.errors).toLocaleString()}`),
      make("td", { class: failing ? "number bad" : "number" }, one.success_rate === null ? "none yet" : percent(one.success_rate)),
      make("td", isSilent(one) ? { class: "bad" } : {}, ago), make("td", {}, one.last_error || "none"));
  }));
  const silent = tasks.filter(isSilent).map((one) => one.name);
  const others = silent.length > 3 ? ` and ${silent.length - 3} others` : "";
  return silent.length ? ["warn", `no success of ${silent.slice(0, 3).join(", ")}${others}`] : ["good", ""];
}

function showFeatures(answer) {
  byId("features-none").hidden = answer.features.length > 0;
  const sum = (counts) => counts.reduce((all, one) => all + one, 0);
  byId("features").replaceChildren(...answer.features.map((one) => {
    const days = one.per_day.length ? [one.per_day.at(-1), sum(one.per_day)] : null;
    const number = (text) => make("td", { class: "number" }, text);
    return make("tr", { "data-feature": one.name }, make("th", { scope: "row" }, one.name), number(one.total.toLocaleString()),
      number(days ? days[0].toLocaleString() : "not kept"), number(days ? days[1].toLocaleString() : "not kept"),
      number(one.subjects === null ? "unknown" : one.subjects.toLocaleString()));
  }));
}

const kinds = { started: "started", link_up: "store link up", link_down: "store link down", store_changed: "store replaced or emptied",
  fresh: "fresh", stale: "stale", restart: "fetcher restarted", fetcher_down: "fetcher down", circuit_open: "circuit open",
  circuit_closed: "circuit closed", embargo: "embargo", gate_refusal: "table refused",
  writes_refused: "store takes no writes", writes_taken: "store takes writes again",
  list_empty: "nothing is listed" };
let newestEvent = "";

function showEvents(events) {
  // The day is a part of it: at midnight the times of yesterday get a date.
  const newest = new Date().toDateString() + events.map((one) => `${one.number}:${one.count}`).join();
  if (newest === newestEvent) return;
  newestEvent = newest;
  byId("events").replaceChildren(...events.map((one) => {
    const when = new Date(one.last * 1000);
    const repeated = one.count > 1 ? ` (${one.count} times since ${momentOf(new Date(one.first * 1000))})` : "";
    return make("li", {}, make("time", { datetime: when.toISOString() }, momentOf(when)),
      make("div", {}, make("strong", {}, one.subject), ` ${kinds[one.kind] ?? one.kind}${repeated}`, make("small", {}, one.detail)));
  }));
}

// Rows live as long as their counter is shown: their sparklines are not drawn anew with every value.
class CounterTable {
  constructor() {
    this.rows = new Map();
    this.shown = 30;
  }

  // `values`: [key, value, rate or null], in order.
  show(values, search) {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const found = values.filter(([key]) => words.every((word) => key.toLowerCase().includes(word)));
    const visible = found.slice(0, this.shown);
    const kept = new Set(visible.map(([key]) => key));
    for (const [key, row] of this.rows)
      if (!kept.has(key)) {
        row.remove();
        this.rows.delete(key);
      }
    visible.forEach(([key, value, rate], place) => {
      let row = this.rows.get(key);
      if (!row) {
        row = make("tr", {}, make("th", { scope: "row" }, key.replace(/^metrics:/, "")), make("td", { class: "number" }),
          make("td", { class: "number" }), make("td", {}, make("div", { class: "spark" })));
        row.dataset.key = key;
        this.rows.set(key, row);
      }
      setText(row.children[1], value.toLocaleString());
      setText(row.children[2], rate === null ? "" : perSecond(rate));
      if (byId("counters").children[place] !== row) byId("counters").insertBefore(row, byId("counters").children[place] ?? null);
    });
    setText(byId("counters-more"), found.length > visible.length ? `${visible.length} of ${found.length} shown; search for the others.`
      : found.length ? "" : "No counter of this name.");
  }

  // Those whose history was not asked for in this time; from now on it was.
  dueForHistory(now, every, most) {
    const due = [...this.rows.values()].filter((row) => !(now - row.asked < every)).slice(0, most);
    for (const row of due) row.asked = now;
    return due.map((row) => row.dataset.key);
  }

  // `line` null: no history is kept.
  draw(key, line, from, until) {
    this.rows.get(key)?.querySelector(".spark").replaceChildren(line
      ? sparkline(line.points.map((point) => [point.t, point.rate]), from, until, line.step * 1.5) : make("small", {}, "not kept"));
  }
}

#include "engine/metrics.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <holdfast/version.hpp>

#include "engine/metric_family.hpp"
#include "runtime/counter_key.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_table.hpp"
#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

using prometheus::MetricFamily;

labels of(market which) { return {{"market", std::string{to_string(which)}}}; }

double seconds(std::chrono::nanoseconds length) { return in_seconds(length); }
double seconds_until(std::optional<boot_time> when, boot_time now) {
  return when && *when > now ? seconds(*when - now) : 0.0;
}

// One series per market, from whatever the market's part of the snapshot tells.
template <class Family, class Value>
void per_market(Family one, Value value) {
  for (const auto which : all_markets)
    one.add(of(which), value(which));
}

void add_parts(families& out, const engine_snapshot& now) {
  auto silent = gauge_of(out, "holdfast_part_silent", "1 where the part does not answer: what is told of it is from before; else 0.");
  for (const auto name : watched_part::all) {
    const bool answers = std::find(now.silent.begin(), now.silent.end(), name) == now.silent.end();
    silent.add({{"part", std::string{name}}}, answers ? 0.0 : 1.0);
  }
}

void add_symbols(families& out, const engine_snapshot& now, boot_time at) {
  const auto published = [&](market which) { return now.markets[index(which)].published; };
  per_market(gauge_of(out, "holdfast_symbols_stale", "1 where the list is older than its TTL or from an earlier time, else 0."),
             [&](market which) { return published(which)->fresh(at) ? 0.0 : 1.0; });
  auto age = gauge_of(out, "holdfast_symbols_age_seconds", "Time since the list was fetched; absent where that is not known.");
  for (const auto which : all_markets)
    if (const auto known = published(which)->age(at))
      age.add(of(which), seconds(*known));
  per_market(gauge_of(out, "holdfast_symbols_listed", "Symbols in the list."), [&](market which) {
    return published(which)->table ? static_cast<double>(published(which)->table->listed().size()) : 0.0;
  });
  per_market(gauge_of(out, "holdfast_symbols_version", "Version of the list: grows when its content changes."),
             [&](market which) { return published(which)->version; });
  auto source = gauge_of(out, "holdfast_symbols_source", "1 for where the list is from, 0 for every other source.");
  for (const auto which : all_markets)
    for (const auto from : {symbols_source::cache, symbols_source::private_api, symbols_source::public_api, symbols_source::last_good}) {
      auto with = of(which);
      with.push_back({"source", std::string{to_string(from)}});
      source.add(std::move(with), published(which)->source == from ? 1.0 : 0.0);
    }
  per_market(counter_of(out, "holdfast_cache_hits_total", "Questions for symbols of this process that were answered fresh."),
             [&](market which) { return now.markets[index(which)].hits; });
  per_market(counter_of(out, "holdfast_cache_misses_total", "Questions for symbols of this process that were not answered fresh."),
             [&](market which) { return now.markets[index(which)].misses; });
  per_market(gauge_of(out, "holdfast_cache_waiting", "Callers that wait for a running fetch."),
             [&](market which) { return now.cache.markets[index(which)].waiting; });
  per_market(gauge_of(out, "holdfast_store_foreign", "1 while the store holds lists of another configuration, which are not used, else 0."),
             [&](market which) { return now.cache.markets[index(which)].store_is_foreign ? 1.0 : 0.0; });
  per_market(gauge_of(out, "holdfast_next_refresh_seconds", "Time until the next refresh; 0 where one runs or none is planned."),
             [&](market which) { return seconds_until(now.warmup.markets[index(which)].next_refresh, at); });
  auto warmups = counter_of(out, "holdfast_refreshes_total", "Refreshes by the warmup, by their outcome.");
  for (const auto which : all_markets) {
    const auto& one = now.warmup.markets[index(which)];
    warmups.add({{"market", std::string{to_string(which)}}, {"outcome", "success"}}, one.successes);
    warmups.add({{"market", std::string{to_string(which)}}, {"outcome", "error"}}, one.errors);
  }
}

void add_fetchers(families& out, const engine_snapshot& now, boot_time at) {
  const auto fetcher = [&](market which) -> const fetcher_status& { return now.supervisor.fetchers[index(which)]; };
  per_market(counter_of(out, "holdfast_fetcher_restarts_total", "Restarts of the market's fetcher."),
             [&](market which) { return fetcher(which).restarts; });
  per_market(gauge_of(out, "holdfast_fetcher_up", "1 while the market's fetcher runs, else 0."),
             [&](market which) { return fetcher(which).running && !fetcher(which).down ? 1.0 : 0.0; });
  constexpr std::array<const char*, 3> circuits{"closed", "open", "half_open"};
  auto circuit = gauge_of(out, "holdfast_circuit_state", "1 for the state of the circuit, 0 for the other ones.");
  for (const auto which : all_markets)
    for (std::size_t i = 0; i < circuits.size(); ++i)
      circuit.add({{"market", std::string{to_string(which)}}, {"state", circuits[i]}},
                  static_cast<std::size_t>(fetcher(which).circuit) == i ? 1.0 : 0.0);
  const auto exchange = [&](market which) -> const exchange_facts& { return now.markets[index(which)].exchange; };
  per_market(gauge_of(out, "holdfast_embargo_seconds", "Time until the exchange may be asked again; 0 where it may."),
             [&](market which) { return seconds_until(now.markets[index(which)].embargo_until, at); });
  auto weight = gauge_of(out, "holdfast_used_weight", "Request weight of this address in its newest minute, as the exchange told.");
  auto limit = gauge_of(out, "holdfast_weight_limit", "Request weight that the exchange allows per minute.");
  for (const auto which : all_markets) {
    if (exchange(which).used_weight)
      weight.add(of(which), static_cast<double>(*exchange(which).used_weight));
    if (exchange(which).weight_limit)
      limit.add(of(which), static_cast<double>(*exchange(which).weight_limit));
  }
  per_market(counter_of(out, "holdfast_gate_refusals_total", "Tables, of the exchange or another process, that the plausibility gate did not believe."),
             [&](market which) { return exchange(which).refusals + now.cache.markets[index(which)].not_followed; });
  constexpr std::array<const char*, 4> kinds{"status", "contract_type", "filter", "field"};
  auto drift = counter_of(out, "holdfast_schema_drift_total",
                          "Unknown names in answers of the exchange, by kind; each once per answer.");
  for (const auto which : all_markets) {
    std::array<std::uint64_t, kinds.size()> counts{};
    for (const auto& one : exchange(which).unknown)
      counts[static_cast<std::size_t>(one.what)] += one.count;
    for (std::size_t i = 0; i < kinds.size(); ++i)
      drift.add({{"market", std::string{to_string(which)}}, {"kind", kinds[i]}}, counts[i]);
  }
}

void add_telemetry(families& out, const telemetry& watched) {
  struct ending {
    const char* outcome;
    const char* source;
  };
  constexpr std::array<ending, fetch_ending_count> endings{{{"success", "private_api"}, {"success", "public_api"}, {"failed", "none"},
                                                            {"forbidden", "none"}, {"refused", "none"}, {"crashed", "none"}}};
  auto fetches = counter_of(out, "holdfast_fetches_total", "Fetches from the exchange, by their outcome and the source of the list.");
  for (const auto which : all_markets)
    for (std::size_t i = 0; i < endings.size(); ++i)
      fetches.add({{"market", std::string{to_string(which)}}, {"outcome", endings[i].outcome}, {"source", endings[i].source}},
                  watched.markets[index(which)].fetches[i].load(std::memory_order_relaxed));
  per_market(counter_of(out, "holdfast_refresh_retries_total", "Refreshes that were tried again before the next interval."),
             [&](market which) { return watched.markets[index(which)].refresh_retries.load(std::memory_order_relaxed); });
  auto durations = histogram_of(out, "holdfast_fetch_duration_seconds", "Time that a fetch took, however it ended.");
  for (const auto which : all_markets)
    durations.add(of(which), watched.markets[index(which)].fetch_duration);
  histogram_of(out, "holdfast_store_round_trip_seconds", "Time that one pipeline to Redis took, or one read or transaction of the embedded store.")
    .add({}, watched.store_round_trip);
  histogram_of(out, "holdfast_flush_duration_seconds", "Time that one batch of counters took to the store and back.")
    .add({}, watched.flush_duration);
  auto requests = histogram_of(out, "holdfast_http_request_duration_seconds", "Time until the gateway had an answer, by route.");
  for (std::size_t i = 0; i < gateway_route_names.size(); ++i)
    requests.add({{"route", std::string{gateway_route_names[i]}}}, watched.request_duration[i]);
  auto events = counter_of(out, "holdfast_events_total", "Changes of state, by kind.");
  const auto totals = watched.events.totals();
  for (std::size_t i = 0; i < totals.size(); ++i)
    events.add({{"kind", std::string{to_string(static_cast<event_kind>(i))}}}, totals[i]);
  counter_of(out, "holdfast_suppressed_warnings_total", "Repeated failures that were counted instead of logged.")
    .add({}, suppressed_warnings());
}

void add_store(families& out, const engine_snapshot& now) {
  const auto& store = now.store;
  gauge_of(out, "holdfast_store_up", "1 while the store answers, else 0.").add({{"kind", store.kind}}, store.up ? 1.0 : 0.0);
  gauge_of(out, "holdfast_store_takes_writes", "1 while the store takes writes, as far as is known; 0 while it refuses them.")
    .add({{"kind", store.kind}}, store.takes_writes ? 1.0 : 0.0);
  counter_of(out, "holdfast_store_commands_total", "Commands sent to the store.").add({}, store.commands);
  counter_of(out, "holdfast_store_failures_total", "Failures of the store or its link.").add({}, store.failures);
  counter_of(out, "holdfast_store_connects_total", "Times that the link to the store came up.").add({}, store.reconnects);
  const auto& ledger = now.counters;
  counter_of(out, "holdfast_increments_total", "Sum of what this process counted, both ways.").add({}, now.increments);
  counter_of(out, "holdfast_overflow_increments_total", "Sum of what was counted without a row of its own.").add({}, ledger.overflow);
  counter_of(out, "holdfast_merged_batches_total", "Batches of counters that the store took.").add({}, ledger.merged_batches);
  counter_of(out, "holdfast_ambiguous_merges_total", "Merges for which nobody can tell what the store had lost.").add({}, ledger.ambiguous_merges);
  gauge_of(out, "holdfast_pending_rows", "Rows of the ledger that the store does not have yet.").add({}, ledger.pending_rows);
  gauge_of(out, "holdfast_set_aside_rows", "Rows of the ledger that the store refuses.").add({}, ledger.set_aside_rows);
  gauge_of(out, "holdfast_ledger_rows", "Rows of the ledger in use.").add({}, ledger.rows);
  gauge_of(out, "holdfast_ledger_rows_max", "Rows that the ledger can hold.").add({}, ledger.capacity);
  gauge_of(out, "holdfast_ledger_durable", "1 where increments survive the process, 0 where they are in memory only.")
    .add({}, ledger.durable ? 1.0 : 0.0);
  gauge_of(out, "holdfast_adopting_ledgers", "Ledgers of ended processes that are being merged.").add({}, ledger.adopting_ledgers);
  counter_of(out, "holdfast_damaged_ledgers_total", "Ledgers that were put into the folder set-aside.")
    .add({}, ledger.damaged_ledgers);
  gauge_of(out, "holdfast_history_bytes", "Size of the history of counters.").add({}, now.history.bytes);
  gauge_of(out, "holdfast_history_left_out", "Counters beyond the limit, which have no history.").add({}, now.history.left_out);
  counter_of(out, "holdfast_history_failures_total", "Samples of the counters that could not be written to the history.")
    .add({}, now.history.failures);
}

// Keys of the store are anybody's, also of programs whose names are freer than ours. One byte that is not UTF-8 would cost the
// whole scrape; and the series of the overflow's own name is there already.
bool has_own_series(std::string_view key) {
  const auto type = type_of_metric(key);
  const auto before_context = metric_prefix.size() + type.size() + 1;
  return !type.empty() && key.size() > before_context && key.size() <= counter_key_bytes_max && is_clean_utf8(key)
         && key != "metrics:overflow:overflow";
}

// "metrics:<type>:<context>"; what is behind the second colon is all context.
labels of_metric(std::string_view key) {
  const auto type = type_of_metric(key);
  return {{"type", std::string{type}}, {"context", std::string{key.substr(metric_prefix.size() + type.size() + 1)}}};
}

void add_values(families& out, const engine_snapshot& now, std::size_t series_max) {
  auto values = gauge_of(out, "holdfast_store_value", "Counters shared in the store, by type and context, as last read.");
  if (!now.values)
    return;
  values.reserve(std::min(series_max, now.values->readings.size()) + 1);
  std::size_t series = 0;
  std::uint64_t left_out = 0;
  double rest = 0;
  for (const auto& reading : now.values->readings) {
    if (!reading.is_integer || !reading.key.starts_with(metric_prefix))
      continue;
    if (series < series_max && has_own_series(reading.key)) {
      ++series;
      values.add(of_metric(reading.key), static_cast<double>(reading.value));
    } else {
      ++left_out;
      rest += static_cast<double>(reading.value);
    }
  }
  if (left_out > 0)
    values.add({{"type", "overflow"}, {"context", "overflow"}}, rest);
  gauge_of(out, "holdfast_store_values_left_out", "Counters of the store that share the overflow series, or are of other programs and past the bound.")
    .add({}, left_out + now.values_left_out);
  gauge_of(out, "holdfast_store_values_complete", "1 once every key of the store was looked at for counters of other programs, else 0.")
    .add({}, now.values_complete ? 1.0 : 0.0);
}

} // namespace

metrics::metrics(snapshot_holder_ptr snapshots, telemetry_ptr watched, clock_ptr clock, std::size_t store_values_max)
  : snapshots_{std::move(snapshots)}, watched_{std::move(watched)}, clock_{std::move(clock)}, store_values_max_{store_values_max} {}

std::vector<MetricFamily> metrics::Collect() const {
  families out;
  out.reserve(128); // families are added by reference
  gauge_of(out, "holdfast_build_info", "1; the version is its label.").add({{"version", std::string{version}}}, 1.0);
  add_telemetry(out, *watched_);
  const auto now = snapshots_->newest();
  add_usage(out, *watched_, now.get());
  if (!now)
    return out;
  const auto at = clock_->boot_now();
  gauge_of(out, "holdfast_snapshot_age_seconds", "Age of what is told here.").add({}, seconds(at - now->taken));
  add_parts(out, *now);
  add_symbols(out, *now, at);
  add_fetchers(out, *now, at);
  add_store(out, *now);
  if (now->values)
    gauge_of(out, "holdfast_store_values_age_seconds", "Time since the store told holdfast_store_value; absent where it never did.")
      .add({}, seconds(at - now->values_read));
  add_values(out, *now, store_values_max_);
  return out;
}

std::string metrics::text() const { return to_text(Collect()); }

} // namespace holdfast

#define CAF_SUITE metrics_values

#include "engine/metrics.hpp"
#include "runtime/log.hpp"
#include "tests/support/runtime_manual_clock.hpp"
#include "tests/support/runtime_symbols.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

published_ptr published(const std::string& symbols, std::uint64_t version, symbols_source source, boot_time fetched,
                        boot_time fresh_until) {
  auto made = std::make_shared<published_symbols>();
  made->table = test::table_from(symbols);
  made->version = version;
  made->source = source;
  made->fetched_boot = fetched;
  made->fresh_until = fresh_until;
  return made;
}

// Every number of it occurs once.
struct fixture {
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
  telemetry_ptr watched = std::make_shared<telemetry>();
  std::shared_ptr<engine_snapshot> now = std::make_shared<engine_snapshot>();

  std::string text() const {
    for (auto& one : now->markets)
      if (!one.published)
        one.published = std::make_shared<published_symbols>();
    auto snapshots = std::make_shared<snapshot_holder>();
    snapshots->replace(now);
    return metrics{snapshots, watched, clock}.text();
  }
  void fill_markets() {
    const auto at = clock->boot_now();
    auto& spot = now->markets[index(market::spot)];
    auto& futures = now->markets[index(market::futures)];
    const auto one = test::plain("AAUSDT");
    spot.published = published(one, 11, symbols_source::public_api, at - 12s, at + 5s);
    futures.published = published(one + "," + test::plain("BBUSDT"), 13, symbols_source::last_good, at - 14s, at + 5s);
    spot.hits = 21;
    futures.hits = 22;
    spot.misses = 23;
    futures.misses = 24;
    spot.embargo_until = at + 25s;
    spot.exchange.used_weight = 26;
    spot.exchange.weight_limit = 27;
    spot.exchange.refusals = 28;
    futures.exchange.refusals = 29;
    using unknown = schema_unknown::kind;
    spot.exchange.unknown = {{unknown::status, "A", 31}, {unknown::filter, "B", 32}, {unknown::filter, "C", 1}};
    now->cache.markets[index(market::spot)].waiting = 34;
    now->cache.markets[index(market::futures)].store_is_foreign = true;
    now->warmup.markets[index(market::spot)] = {35, 36, 0, at + 37s};
    now->warmup.markets[index(market::futures)] = {38, 39, 0, std::nullopt};
    auto& fetcher = now->supervisor.fetchers[index(market::spot)];
    fetcher.running = true;
    fetcher.restarts = 41;
    fetcher.circuit = circuit_state::half_open;
    now->supervisor.fetchers[index(market::futures)].restarts = 42;
  }
  void fill_store() {
    now->store.kind = "redis";
    now->store.up = true;
    now->store.commands = 51;
    now->store.failures = 52;
    now->store.reconnects = 53;
    now->increments = 54;
    auto& ledger = now->counters;
    ledger.overflow = 55;
    ledger.merged_batches = 56;
    ledger.ambiguous_merges = 57;
    ledger.pending_rows = 58;
    ledger.set_aside_rows = 59;
    ledger.rows = 60;
    ledger.capacity = 61;
    ledger.durable = true;
    ledger.adopting_ledgers = 62;
    ledger.damaged_ledgers = 63;
    ledger.capped_type = "orders";
    now->history.bytes = 64;
    now->history.left_out = 65;
    now->history.failures = 66;
    now->features.waiting = 67;
    now->features.left_out = 68;
  }
  void fill_telemetry() {
    for (int i = 0; i < 3; ++i)
      watched->of(market::spot).fetch_ended(fetch_ending::public_api, 20ms);
    watched->of(market::futures).fetch_ended(fetch_ending::refused, 3s);
    watched->of(market::spot).fetches[static_cast<std::size_t>(fetch_ending::crashed)] = 71;
    watched->of(market::spot).refresh_retries = 72;
    watched->names_left_out = 73;
    for (int i = 0; i < 2; ++i)
      watched->store_round_trip.observe(4ms);
    watched->flush_duration.observe(40ms);
    watched->request_duration[static_cast<std::size_t>(gateway_route::history)].observe(1ms);
    for (int i = 0; i < 4; ++i)
      watched->events.note(event_kind::link_down, "redis", "", clock->wall_now());
  }
  // Whichever of the lines is not told.
  static std::string missing(const std::string& text, const std::vector<std::string>& lines) {
    for (const auto& line : lines)
      if (("\n" + text).find("\nholdfast_" + line + "\n") == std::string::npos)
        return line;
    return {};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(metrics_values_tests, fixture)

CAF_TEST(every number of a market is in the series of its name) {
  fill_markets();
  const auto lacks = missing(
    text(), {"symbols_stale{market=\"spot\"} 0", "symbols_stale{market=\"futures\"} 1",
             "symbols_age_seconds{market=\"spot\"} 12", "symbols_age_seconds{market=\"futures\"} 14",
             "symbols_listed{market=\"spot\"} 1", "symbols_listed{market=\"futures\"} 2",
             "symbols_version{market=\"spot\"} 11", "symbols_version{market=\"futures\"} 13",
             "symbols_source{market=\"spot\",source=\"public_api\"} 1", "symbols_source{market=\"spot\",source=\"last_good\"} 0",
             "symbols_source{market=\"futures\",source=\"last_good\"} 1",
             "cache_hits_total{market=\"spot\"} 21", "cache_hits_total{market=\"futures\"} 22",
             "cache_misses_total{market=\"spot\"} 23", "cache_misses_total{market=\"futures\"} 24",
             "embargo_seconds{market=\"spot\"} 25", "embargo_seconds{market=\"futures\"} 0",
             "used_weight{market=\"spot\"} 26", "weight_limit{market=\"spot\"} 27",
             "gate_refusals_total{market=\"spot\"} 28", "gate_refusals_total{market=\"futures\"} 29",
             "schema_drift_total{market=\"spot\",kind=\"status\"} 31", "schema_drift_total{market=\"spot\",kind=\"filter\"} 33",
             "schema_drift_total{market=\"spot\",kind=\"field\"} 0",
             "cache_waiting{market=\"spot\"} 34", "store_foreign{market=\"spot\"} 0", "store_foreign{market=\"futures\"} 1",
             "refreshes_total{market=\"spot\",outcome=\"success\"} 35", "refreshes_total{market=\"spot\",outcome=\"error\"} 36",
             "refreshes_total{market=\"futures\",outcome=\"success\"} 38",
             "refreshes_total{market=\"futures\",outcome=\"error\"} 39",
             "next_refresh_seconds{market=\"spot\"} 37", "next_refresh_seconds{market=\"futures\"} 0",
             "fetcher_restarts_total{market=\"spot\"} 41", "fetcher_restarts_total{market=\"futures\"} 42",
             "fetcher_up{market=\"spot\"} 1", "fetcher_up{market=\"futures\"} 0",
             "circuit_state{market=\"spot\",state=\"half_open\"} 1", "circuit_state{market=\"spot\",state=\"closed\"} 0",
             "circuit_state{market=\"futures\",state=\"closed\"} 1", "circuit_state{market=\"futures\",state=\"open\"} 0"});
  CAF_CHECK_EQUAL(lacks, "");
}

CAF_TEST(what is not known of a market is no series) {
  fill_markets();
  now->markets[index(market::futures)].published = std::make_shared<published_symbols>();
  const auto told = text();
  CAF_CHECK(told.find("holdfast_symbols_age_seconds{market=\"futures\"}") == std::string::npos);
  CAF_CHECK(told.find("holdfast_used_weight{market=\"futures\"}") == std::string::npos);
  CAF_CHECK(told.find("holdfast_weight_limit{market=\"futures\"}") == std::string::npos);
}

CAF_TEST(every number of the store the ledger and the history is in the series of its name) {
  fill_markets();
  fill_store();
  now->taken = clock->boot_now() - 2s;
  const auto lacks = missing(
    text(), {"snapshot_age_seconds 2", "store_up{kind=\"redis\"} 1", "store_commands_total 51", "store_failures_total 52",
             "store_connects_total 53",
             "increments_total 54", "overflow_increments_total 55", "merged_batches_total 56", "ambiguous_merges_total 57",
             "pending_rows 58", "set_aside_rows 59", "ledger_rows 60", "ledger_rows_max 61", "ledger_durable 1",
             "adopting_ledgers 62", "damaged_ledgers_total 63", "capped_types 1", "history_bytes 64", "history_left_out 65",
             "history_failures_total 66", "feature_subjects_waiting 67", "feature_subjects_left_out_total 68"});
  CAF_CHECK_EQUAL(lacks, "");
}

CAF_TEST(every number that the parts count themselves is in the series of its name) {
  fill_telemetry();
  repeated_failure trouble{"metrics test"};
  for (int i = 0; i < 5; ++i)
    trouble.failed("again");
  const auto lacks = missing(
    text(), {"fetches_total{market=\"spot\",outcome=\"success\",source=\"public_api\"} 3",
             "fetches_total{market=\"spot\",outcome=\"success\",source=\"private_api\"} 0",
             "fetches_total{market=\"spot\",outcome=\"crashed\",source=\"none\"} 71",
             "fetches_total{market=\"futures\",outcome=\"refused\",source=\"none\"} 1",
             "fetch_duration_seconds_bucket{market=\"spot\",le=\"0.025\"} 3",
             "fetch_duration_seconds_bucket{market=\"spot\",le=\"0.01\"} 0",
             "fetch_duration_seconds_sum{market=\"spot\"} 0.06", "fetch_duration_seconds_sum{market=\"futures\"} 3",
             "refresh_retries_total{market=\"spot\"} 72", "names_left_out_total 73",
             "store_round_trip_seconds_count 2", "store_round_trip_seconds_sum 0.008",
             "flush_duration_seconds_count 1", "flush_duration_seconds_sum 0.04",
             "http_request_duration_seconds_count{route=\"history\"} 1",
             "http_request_duration_seconds_count{route=\"status\"} 0",
             "events_total{kind=\"link_down\"} 4", "events_total{kind=\"link_up\"} 0",
             "suppressed_warnings_total " + std::to_string(suppressed_warnings())});
  CAF_CHECK_EQUAL(lacks, "");
  CAF_CHECK(suppressed_warnings() >= 4);
}

CAF_TEST(every number of a task is in the series of its name) {
  watched->tasks = std::make_shared<task_board>(clock);
  auto sync = watched->tasks->find_or_add("sync", [](std::string_view) { return task_counters{}; });
  sync.expect_every(60s);
  for (int i = 0; i < 4; ++i) {
    auto run = sync.begin();
    clock->advance(2s);
    if (i == 3)
      run.fail("no");
  }
  auto rest = watched->tasks->rest().begin();
  rest.succeed();
  const auto under_way = sync.begin();
  clock->advance(1s);
  const auto lacks = missing(
    text(), {"task_runs_total{task=\"sync\",outcome=\"success\"} 3", "task_runs_total{task=\"sync\",outcome=\"error\"} 1",
             "task_success_ratio{task=\"sync\"} 0.75", "task_running{task=\"sync\"} 1",
             "task_since_success_seconds{task=\"sync\"} 3",
             "task_last_run_timestamp_seconds{task=\"sync\"} 1790000008",
             "task_last_success_timestamp_seconds{task=\"sync\"} 1790000006",
             "task_interval_seconds{task=\"sync\"} 60", "task_duration_seconds_count{task=\"sync\"} 4",
             "task_duration_seconds_sum{task=\"sync\"} 8", "task_runs_left_out_total 1"});
  CAF_CHECK_EQUAL(lacks, "");
}

CAF_TEST_FIXTURE_SCOPE_END()

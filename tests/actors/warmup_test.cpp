#define CAF_SUITE warmup

#include "actors/warmup.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

// A cache that answers refreshes as the script says.
struct script {
  refresh_outcome answer{market::spot, fault::none, {}, {}, 1, true, {}, {}};
  std::vector<std::pair<boot_time, std::chrono::nanoseconds>> asked; // when, at which age
};

cache_actor::behavior_type scripted_cache(cache_actor::pointer, std::shared_ptr<script> plan, clock_ptr clock) {
  return {
    [](const get_symbols&) { return symbols_reply{}; },
    [=](const refresh_symbols& wanted) {
      plan->asked.emplace_back(clock->boot_now(), wanted.at_age);
      auto answer = plan->answer;
      if (answer.fetched)
        answer.fetched_boot = clock->boot_now();
      return answer;
    },
    [](const accept_symbols&) { return refresh_outcome{}; },
    [](const rejection_reported&) {},
    [](const symbols_listen&) {},
    [](const store_event&) {},
    [](const symbols_announced&) {},
    [](const get_cache_status&) { return cache_status{}; },
    [](const wake&) {},
  };
}

struct fixture : test::actor_fixture {
  std::shared_ptr<script> plan = std::make_shared<script>();
  cache_actor cache = sys.spawn(scripted_cache, plan, clock_ptr{clock});
  warmup_actor under_test;
  task_board board{clock_ptr{clock}};
  symbol_board_ptr tables = std::make_shared<symbol_board>();
  task refreshes;

  void start(std::chrono::nanoseconds interval, std::chrono::nanoseconds ttl, std::uint64_t seed = 1) {
    stop();
    plan->asked.clear();
    refreshes = board.find_or_add("warmup_" + std::to_string(seed), [](std::string_view) { return task_counters{}; });
    warmup_settings settings;
    settings.markets[0] = {interval, ttl, refreshes};
    settings.retries_max = 3;
    settings.seed = seed;
    under_test = sys.spawn(warmup, settings, clock_ptr{clock}, tables, cache);
    consume_messages();
  }
  void stop() {
    if (under_test)
      caf::anon_send_exit(under_test, caf::exit_reason::kill);
    consume_messages();
  }
  ~fixture() {
    stop();
    caf::anon_send_exit(cache, caf::exit_reason::kill);
    consume_messages();
  }
  market_warmup_status status() {
    return ask<warmup_status>(under_test, get_warmup_status{}).value_or(warmup_status{}).markets[0];
  }
  // A table that others brought, `age` ago, and of which one symbol is listed `in` that time from now.
  void publish(std::chrono::nanoseconds age, std::chrono::nanoseconds in) {
    const auto listed = std::chrono::floor<std::chrono::milliseconds>(clock->wall_now() + std::chrono::floor<std::chrono::microseconds>(in));
    symbol_table_builder builder;
    builder.add({.name = "AUSDT", .base_asset = "A", .quote_asset = "USDT", .status_text = "PENDING_TRADING",
                 .onboard_ms = listed.time_since_epoch().count()});
    const auto fetched_at = clock->wall_now() - std::chrono::floor<std::chrono::microseconds>(age);
    const auto fetched = clock->boot_now() - age;
    tables->publish(market::spot, {builder.build({}), symbols_source::cache, fetched_at, fetched, fetched + 300s, {}, 2, {}});
  }
  // Until the next refresh was asked for, in steps of `step`.
  std::chrono::nanoseconds until_next(std::chrono::nanoseconds step = 100ms) {
    const auto before = plan->asked.size();
    const auto from = clock->boot_now();
    for (int i = 0; i < 20'000 && plan->asked.size() == before; ++i)
      advance(step);
    return clock->boot_now() - from;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(warmup_tests, fixture)

CAF_TEST(the period is the interval or the soft end of the ttl less at most a tenth) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    start(300s, 300s, seed);
    CAF_REQUIRE_EQUAL(plan->asked.size(), 1u);
    const auto period = until_next();
    CAF_CHECK(period > 216s - 100ms && period <= 240s + 100ms);
  }
  start(100s, 300s);
  const auto period = until_next();
  CAF_CHECK(period > 90s - 100ms && period <= 100s + 100ms);
}

CAF_TEST(an interval of zero never asks) {
  start(0s, 300s);
  for (int i = 0; i < 100; ++i)
    advance(10s);
  CAF_CHECK(plan->asked.empty());
}

CAF_TEST(a table that another process fetched is refreshed at its age and not counted) {
  plan->answer.fetched = false;
  plan->answer.fetched_boot = clock->boot_now() - 150s;
  start(300s, 300s);
  CAF_CHECK(plan->asked[0].second > 216s - 1ns);
  CAF_CHECK(until_next() <= 90s + 100ms);
  CAF_CHECK_EQUAL(status().successes, 0u);
  CAF_CHECK_EQUAL(status().errors, 0u);
}

CAF_TEST(a table that another process fetched is the last success though it counts for nobody here) {
  plan->answer.fetched = false;
  start(300s, 300s);
  for (int i = 0; i < 20; ++i) {
    plan->answer.fetched_boot = clock->boot_now() + 40s; // by the next refresh, 150 s to 200 s old
    until_next(1s);
    const auto known = refreshes.read();
    CAF_REQUIRE(known.last_success);
    CAF_CHECK(known.since_success <= 241s);
    CAF_CHECK_EQUAL(known.successes, 0u);
  }
}

CAF_TEST(failures are retried with growing waits a bounded number of times) {
  plan->answer.failure = fault::fetch_failed;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    start(300s, 300s, seed);
    CAF_CHECK(until_next(10ms) <= 250ms + 10ms);
    CAF_CHECK(until_next(10ms) <= 500ms + 10ms);
    CAF_CHECK(until_next(10ms) <= 1s + 10ms);
    CAF_CHECK_EQUAL(status().errors, 4u);
    CAF_CHECK(until_next() > 215s); // the next interval
    CAF_CHECK_EQUAL(status().retry, 1u);
  }
}

CAF_TEST(nothing is retried before the exchange allows it) {
  plan->answer.failure = fault::fetch_forbidden;
  plan->answer.forbidden_until = clock->boot_now() + 90s;
  start(300s, 300s);
  CAF_CHECK(until_next() == 90s);
}

CAF_TEST(a machine that slept for eight hours refreshes at its next tick) {
  start(300s, 300s);
  advance(10s);
  clock->advance(8h); // the steady clock, and every timer with it, stood still
  advance(5s);
  CAF_CHECK_EQUAL(plan->asked.size(), 2u);
}

CAF_TEST(a wall clock that steps changes no due time) {
  start(300s, 300s);
  clock->step_wall(1h);
  advance(100s);
  clock->step_wall(-2h);
  advance(100s);
  CAF_CHECK_EQUAL(plan->asked.size(), 1u);
  until_next();
  CAF_CHECK(plan->asked[1].first - plan->asked[0].first <= 240s + 100ms);
}

CAF_TEST(a listing to come is not forgotten when a refresh is given up) {
  plan->answer.next_change = clock->wall_now() + 300s;
  start(300s, 300s);
  plan->answer.next_change.reset();
  plan->answer.failure = fault::fetch_failed;
  const auto listed = clock->boot_now() + 300s;
  while (clock->boot_now() < listed)
    until_next();
  CAF_CHECK(clock->boot_now() <= listed + 4s);
}

CAF_TEST(a refresh comes right after a symbol is listed and wants a table fetched since) {
  plan->answer.next_change = clock->wall_now() + 60s;
  start(300s, 300s);
  plan->answer.next_change.reset();
  const auto wait = until_next();
  CAF_CHECK(wait >= 61s && wait <= 63s + 100ms);
  CAF_CHECK(plan->asked[1].second >= 1s && plan->asked[1].second <= 3s + 100ms);
  CAF_CHECK(until_next() > 215s);
}

CAF_TEST(a listing in a table that others brought is heard of within one tick) {
  start(300s, 300s);
  advance(20s);
  publish(0s, 30s);
  const auto wait = until_next();
  CAF_CHECK(wait >= 31s && wait <= 33s + 100ms);
  CAF_CHECK(plan->asked[1].second >= 1s && plan->asked[1].second <= 3s + 100ms);
  CAF_CHECK(until_next() > 215s);
}

CAF_TEST(a table of others from before a listing that is over is refreshed at once) {
  start(300s, 300s);
  publish(60s, -20s);
  CAF_CHECK(until_next() <= 5s + 3s + 100ms);
  CAF_CHECK(plan->asked[1].second > 20s && plan->asked[1].second <= 28s + 100ms);
  publish(1000s, -900s); // in every table that is young enough
  CAF_CHECK(until_next() > 215s);
}

CAF_TEST(a listing in the list of the state folder is known though the exchange was out at start) {
  publish(1000s, 60s);
  plan->answer.failure = fault::fetch_failed;
  start(300s, 300s);
  const auto listed = clock->boot_now() + 60s;
  while (clock->boot_now() < listed)
    until_next();
  CAF_CHECK(clock->boot_now() <= listed + 4s);
}

CAF_TEST(a refresh for a listing is retried for a period and not given up with the retries) {
  plan->answer.next_change = clock->wall_now() + 60s;
  start(300s, 300s);
  plan->answer.next_change.reset();
  plan->answer.failure = fault::fetch_failed;
  const auto listed = clock->boot_now() + 60s;
  for (int i = 0; i < 4; ++i)
    until_next();
  std::chrono::nanoseconds tried_for{};
  for (auto wait = until_next(); wait <= 10s + 100ms; wait = until_next()) {
    CAF_REQUIRE(wait >= 9s);
    tried_for = clock->boot_now() - listed;
    CAF_REQUIRE(tried_for < 251s);
  }
  CAF_CHECK(tried_for >= 216s);
  CAF_CHECK_EQUAL(status().retry, 1u); // of the next interval
}

CAF_TEST(a refresh for a listing is not retried before the exchange allows it and ends with a table) {
  plan->answer.next_change = clock->wall_now() + 60s;
  start(300s, 300s);
  plan->answer.next_change.reset();
  plan->answer.failure = fault::fetch_failed;
  for (int i = 0; i < 6; ++i)
    until_next();
  plan->answer.failure = fault::fetch_forbidden;
  plan->answer.forbidden_until = clock->boot_now() + 60s;
  until_next();
  plan->answer = script{}.answer;
  const auto wait = until_next();
  CAF_CHECK(wait > 45s && wait <= 51s + 100ms);
  CAF_CHECK(until_next() > 215s);
}

CAF_TEST_FIXTURE_SCOPE_END()

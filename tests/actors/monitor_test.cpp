#define CAF_SUITE monitor

#include "tests/support/monitor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(monitor_tests, test::monitor_fixture)

CAF_TEST(a snapshot is gathered every second) {
  start();
  parts.ledger->add(keys::cache_hit(market::spot), 7);
  parts.ledger->add("metrics:a:b", -3);
  plan->supervisor.fetchers[0].restarts = 4;
  advance(1s);
  const auto now = snapshots->newest();
  CAF_REQUIRE(now != nullptr);
  CAF_CHECK(now->taken == clock->boot_now());
  CAF_CHECK_EQUAL(now->markets[0].hits, 7u);
  CAF_CHECK_EQUAL(now->increments, 10u);
  CAF_CHECK_EQUAL(now->supervisor.fetchers[0].restarts, 4u);
  CAF_CHECK_EQUAL(now->store.kind, "embedded");
}

CAF_TEST(a store with lists of another configuration is one event whoever writes last) {
  start();
  for (int i = 0; i < 5; ++i) {
    plan->cache.markets[index(market::futures)].store_is_foreign = i % 2 == 0;
    advance(1s);
  }
  const auto events = parts.watched->events.newest();
  CAF_REQUIRE_EQUAL(events.size(), 2u);
  CAF_CHECK(events[0].kind == event_kind::gate_refusal);
  CAF_CHECK_EQUAL(events[0].subject, "futures");
  CAF_CHECK_EQUAL(events[0].count, 1u);
}

CAF_TEST(whoever does not answer holds nobody up and keeps what it told last) {
  start();
  plan->supervisor.fetchers[0].restarts = 4;
  advance(1s);
  plan->supervisor_answers = false;
  for (int i = 0; i < 30; ++i)
    advance(100ms);
  CAF_CHECK(clock->boot_now() - snapshots->newest()->taken <= 1s);
  CAF_CHECK_EQUAL(snapshots->newest()->supervisor.fetchers[0].restarts, 4u);
}

CAF_TEST(a market that turns fresh and stale is told once each) {
  start();
  publish(3s);
  for (int i = 0; i < 8; ++i)
    advance(1s);
  publish(60s);
  for (int i = 0; i < 3; ++i)
    advance(1s);
  CAF_CHECK(kinds() == (std::vector{event_kind::fresh, event_kind::stale, event_kind::fresh, event_kind::started}));
}

CAF_TEST(since when a market is fresh or stale is known whatever happens after) {
  start();
  CAF_CHECK(!snapshots->newest()->markets[0].since);
  publish(5s);
  advance(1s);
  const auto became_fresh = clock->wall_now();
  for (std::size_t i = 0; i < 2 * event_log::events_max; ++i)
    parts.watched->events.note(event_kind::restart, i % 2 ? "one" : "other", "", clock->wall_now());
  advance(2s);
  CAF_CHECK(snapshots->newest()->markets[0].since == became_fresh);
  CAF_CHECK(!snapshots->newest()->markets[1].since);
  for (int i = 0; i < 3; ++i)
    advance(1s);
  const auto became_stale = snapshots->newest()->markets[0].since;
  CAF_CHECK(became_stale && *became_stale > became_fresh);
}

CAF_TEST(a circuit is told when it opens and when it closes) {
  start();
  plan->supervisor.fetchers[0].circuit = circuit_state::open;
  advance(1s);
  plan->supervisor.fetchers[0].circuit = circuit_state::half_open;
  advance(1s);
  plan->supervisor.fetchers[0].circuit = circuit_state::open;
  advance(1s);
  plan->supervisor.fetchers[0].circuit = circuit_state::closed;
  advance(1s);
  CAF_CHECK(kinds() == (std::vector{event_kind::circuit_closed, event_kind::circuit_open, event_kind::started}));
}

CAF_TEST(a link that goes and comes is told with its reason) {
  start();
  caf::anon_send(under_test, store_event{store_change::link_down, {}});
  consume_messages();
  caf::anon_send(under_test, store_event{store_change::link_up, {}});
  consume_messages();
  CAF_CHECK(kinds() == (std::vector{event_kind::link_up, event_kind::link_down, event_kind::started}));
  const auto newest = parts.watched->events.newest(1);
  CAF_CHECK_EQUAL(newest.front().subject, "embedded");
}

CAF_TEST(counters of the store go to the history with what other programs count) {
  start();
  count("metrics:a:b", 5);
  CAF_REQUIRE(ask<done>(parts.store, store_raise{std::string{keys::last_refresh(market::spot)}, 77, clock->boot_now() + 1s}));
  for (int i = 0; i < 6; ++i)
    advance(1s);
  CAF_REQUIRE(!plan->samples.empty());
  const counter_values expected{{"metrics:a:b", 5}, {std::string{keys::last_refresh(market::spot)}, 77}};
  CAF_CHECK(plan->samples.back() == expected);
  CAF_CHECK_EQUAL(snapshots->newest()->values->readings.size(), 2u);
}

CAF_TEST(while the store is away the history is a gap and the values stay the ones that it told) {
  start();
  count("metrics:a:b", 1'000'005);
  for (int i = 0; i < 6; ++i)
    advance(1s);
  const auto before = plan->samples.size();
  const auto read = snapshots->newest()->values_read;
  CAF_CHECK(before > 0);
  count("metrics:a:b", 7, counter_source::ledger);
  for (int i = 0; i < 12; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(plan->samples.size(), before);
  CAF_CHECK_EQUAL(snapshots->newest()->values->readings.front().value, 1'000'005);
  CAF_CHECK(snapshots->newest()->values_read == read);
  count("metrics:a:b", 1'000'012);
  for (int i = 0; i < 6; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(snapshots->newest()->values->readings.front().value, 1'000'012);
  CAF_CHECK(snapshots->newest()->values_read > read);
}

CAF_TEST(a process that never met its store tells no values) {
  count("metrics:a:b", 5, counter_source::ledger);
  start();
  for (int i = 0; i < 12; ++i)
    advance(1s);
  CAF_CHECK(snapshots->newest()->values == nullptr);
  CAF_CHECK(plan->samples.empty());
}

CAF_TEST(a list without the counters of other processes replaces none that has them) {
  count("metrics:a:b", 5);
  plan->readings.all_listed = false;
  start();
  for (int i = 0; i < 12; ++i)
    advance(1s);
  CAF_CHECK(snapshots->newest()->values == nullptr);
  CAF_CHECK(plan->samples.empty());
}

CAF_TEST(every counter of this process is in the history whatever its name) {
  start();
  count("orders:sent", 5);
  for (int i = 0; i < 6; ++i)
    advance(1s);
  CAF_REQUIRE(!plan->asked.empty());
  CAF_CHECK_EQUAL(plan->asked.back(), "*");
  CAF_REQUIRE(!plan->samples.empty());
  CAF_CHECK(plan->samples.back() == (counter_values{{"orders:sent", 5}}));
}

CAF_TEST(counters of other programs past the bound are told as left out) {
  monitor_settings settings;
  settings.foreign_max = 3; // the two time stamps are among them
  start(settings);
  store_merge batch{{}, clock->boot_now() + 1s};
  for (int i = 0; i < 5; ++i) {
    const auto key = "metrics:other:k" + std::to_string(i);
    batch.rows.push_back({key, std::string(32, 'a'), {}, "1 0", std::string(32, '2'), 1});
  }
  CAF_REQUIRE(ask<store_merge_reply>(parts.store, batch));
  for (int i = 0; i < 70; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(snapshots->newest()->values_left_out, 4u);
  CAF_CHECK_EQUAL(snapshots->newest()->values->readings.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()

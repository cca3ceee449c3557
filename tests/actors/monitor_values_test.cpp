// How often a monitor asks for the values of counters, and of whom it tells them.
#define CAF_SUITE monitor_values

#include "tests/support/monitor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(monitor_values_tests, test::monitor_fixture)

CAF_TEST(what other programs count is told as of the store that holds it) {
  monitor_settings settings;
  settings.store_kind = counter_source::redis;
  start(settings);
  CAF_REQUIRE(ask<done>(parts.store, store_raise{std::string{keys::last_refresh(market::spot)}, 77, clock->boot_now() + 1s}));
  for (int i = 0; i < 6; ++i)
    advance(1s);
  const auto now = snapshots->newest();
  CAF_REQUIRE(now->values && now->values->readings.size() == 1);
  CAF_CHECK(now->values->readings.front().source == counter_source::redis);
  CAF_CHECK(now->values->readings.front().as_of.has_value());
}

CAF_TEST(a store that is too slow to tell anything is asked for a tenth of the time) {
  parts.store = caf::actor_cast<store_actor>(sys.spawn(test::silent_store, plan));
  start();
  for (int i = 0; i < 300; ++i)
    advance(1s);
  // Ten seconds each, and ninety between them.
  CAF_CHECK(plan->looks >= 2 && plan->looks <= 4);
  CAF_CHECK(plan->asked.size() >= 2 && plan->asked.size() <= 4);
}

CAF_TEST(counters that do not answer are asked for a tenth of the time) {
  plan->counters_answer = false;
  start();
  for (int i = 0; i < 300; ++i)
    advance(1s);
  CAF_CHECK(plan->asked.size() >= 2 && plan->asked.size() <= 4);
}

CAF_TEST(a store that has not been gone through is looked into again soon and told as incomplete) {
  plan->complete_after = 3;
  parts.store = caf::actor_cast<store_actor>(sys.spawn(test::large_store, plan));
  start();
  count("metrics:a:b", 5);
  advance(1s);
  CAF_CHECK_EQUAL(plan->looks, 1);
  CAF_CHECK(!snapshots->newest()->values_complete);
  for (int i = 0; i < 12; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(plan->looks, 3);
  for (int i = 0; i < 30; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(plan->looks, 3);
  CAF_CHECK(snapshots->newest()->values_complete);
  CAF_CHECK_EQUAL(snapshots->newest()->values_left_out, 9u);
}

CAF_TEST(whoever does not answer is named until it does) {
  start();
  advance(1s);
  CAF_CHECK(snapshots->newest()->silent.empty());
  caf::anon_send_exit(parts.rate_limits, caf::exit_reason::kill);
  consume_messages();
  advance(1s);
  advance(1s);
  const auto now = snapshots->newest();
  CAF_REQUIRE_EQUAL(now->silent.size(), 1u);
  CAF_CHECK_EQUAL(now->silent.front(), watched_part::rate_limits);
}

CAF_TEST_FIXTURE_SCOPE_END()

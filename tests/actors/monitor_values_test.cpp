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

CAF_TEST_FIXTURE_SCOPE_END()

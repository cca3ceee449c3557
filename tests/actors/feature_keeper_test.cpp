#define CAF_SUITE feature_keeper

#include "actors/feature_keeper.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "actors/embedded_store.hpp"
#include "config/keys.hpp"
#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_redis_server.hpp"

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

const std::string sketch = keys::distinct("metrics:feature_usage:grid");

struct script {
  counter_readings readings;
  history_days days;
  std::vector<std::string> asked; // of the history
};
using script_ptr = std::shared_ptr<script>;

counter_actor::behavior_type scripted_counters(counter_actor::pointer, script_ptr plan) {
  return {[](const incr_counter&) {}, [](const incr_counter_confirmed&) { return incr_confirmation{}; },
          [](const read_counter&) { return counter_reading{}; }, [=](const read_counters&) { return plan->readings; },
          [](const flush_counters&) { return flush_reply{}; }, [](const retire_counters&) { return flush_reply{}; },
          [](const store_event&) {}, [](const symbols_announced&) {},
          [](const get_counter_status&) { return counter_status{}; }, [](const wake&) {}};
}

history_actor::behavior_type scripted_history(history_actor::pointer, script_ptr plan) {
  return {[](const history_sample&) {}, [](const history_wanted&) { return history_answer{}; },
          [=](const history_days_wanted& wanted) {
            plan->asked = wanted.keys;
            return plan->days;
          },
          [](const get_history_status&) { return history_status{}; }, [](const wake&) {}};
}

struct fixture : test::actor_fixture {
  script_ptr plan = std::make_shared<script>();
  store_actor store = sys.spawn(embedded_store, embedded_store_settings{}, clock_ptr{clock});
  counter_actor counters = sys.spawn(scripted_counters, plan);
  history_actor history = sys.spawn(scripted_history, plan);
  feature_table_ptr features = std::make_shared<feature_table>(features_max);
  feature_keeper_actor under_test = start(store);

  ~fixture() {
    caf::anon_send_exit(under_test, caf::exit_reason::kill);
    consume_messages();
  }
  feature_keeper_actor start(store_actor on) {
    auto started = sys.spawn(feature_keeper, feature_keeper_settings{}, clock_ptr{clock}, features, counters, on, history);
    consume_messages();
    return started;
  }
  feature grid() {
    return feature{features->find_or_make("grid", [](std::string_view name) { return std::make_shared<feature_account>(name, counter{}); })};
  }
  void use(int from, int until) {
    for (int i = from; i < until; ++i)
      grid().used("user_" + std::to_string(i));
  }
  boot_time soon() const { return clock->boot_now() + 1s; }
  std::uint64_t counted() {
    return ask<store_distinct_found>(store, store_count_distinct{{sketch}, soon()})->counts.front().value_or(0);
  }
  feature_status status() { return *ask<feature_status>(under_test, get_feature_status{}); }
  void count(const std::string& feature, std::int64_t total) {
    counter_reading one;
    one.key = "metrics:feature_usage:" + feature;
    one.value = total;
    plan->readings.readings.push_back(one);
  }
};

bool is_about(std::uint64_t count, double expected) { return std::abs(static_cast<double>(count) / expected - 1) < 0.033; }

} // namespace

CAF_TEST_FIXTURE_SCOPE(feature_keeper_tests, fixture)

CAF_TEST(subjects reach the sketch within a second and once) {
  use(0, 3);
  CAF_CHECK_EQUAL(status().waiting, 3u);
  advance(1s);
  CAF_CHECK_EQUAL(counted(), 3u);
  CAF_CHECK_EQUAL(status().waiting, 0u);
  use(0, 5);
  advance(1s);
  CAF_CHECK_EQUAL(counted(), 5u);
}

CAF_TEST(far more subjects than there is room for are counted as long as the store keeps up) {
  for (int i = 0; i < 20; ++i) {
    use(i * 2000, (i + 1) * 2000);
    advance(1s);
  }
  CAF_CHECK(is_about(counted(), 40'000));
  CAF_CHECK_EQUAL(status().left_out, 0u);
}

CAF_TEST(with the store away noting is bounded and what found no room is told) {
  caf::anon_send_exit(under_test, caf::exit_reason::kill);
  auto away = sys.spawn(embedded_store, embedded_store_settings{}, clock_ptr{clock});
  caf::anon_send_exit(away, caf::exit_reason::kill);
  consume_messages();
  under_test = start(away);
  use(0, 20'000);
  for (int i = 0; i < 20; ++i)
    advance(1s);
  CAF_CHECK(status().waiting <= feature_subjects::room);
  CAF_CHECK_EQUAL(status().waiting + status().left_out, 20'000u);
  CAF_CHECK(!ask<done>(under_test, keep_now{soon()}).has_value());
}

CAF_TEST(what an emptied store has lost is brought again) {
  use(0, 1000);
  advance(1s);
  ask<done>(store, store_erase{sketch, soon()});
  advance(10s);
  CAF_CHECK_EQUAL(counted(), 0u);
  caf::anon_send(under_test, store_event{store_change::identity, {}});
  consume_messages();
  advance(1s);
  CAF_CHECK(is_about(counted(), 1000));
}

CAF_TEST(a feature whose sketch is no sketch holds up no other) {
  ask<done>(store, store_write{keys::distinct("metrics:feature_usage:broken"), "no sketch", {}, soon()});
  const auto broken = features->find_or_make("broken", [](std::string_view name) { return std::make_shared<feature_account>(name, counter{}); });
  feature{broken}.used("user_0");
  use(0, 3);
  advance(1s);
  CAF_CHECK_EQUAL(counted(), 3u);
  CAF_CHECK_EQUAL(status().waiting, 1u);
  use(3, 5);
  advance(1s);
  CAF_CHECK_EQUAL(counted(), 5u);
}

CAF_TEST(keep_now brings every batch before it answers) {
  use(0, 3000);
  CAF_CHECK(ask<done>(under_test, keep_now{soon()}).has_value());
  CAF_CHECK(is_about(counted(), 3000));
  CAF_CHECK_EQUAL(status().waiting, 0u);
}

CAF_TEST(features are told the most used first with days and subjects) {
  use(0, 7);
  advance(1s);
  count("stop_loss", 2);
  count("grid", 40);
  count("hedge", 2);
  plan->days = {true, 20'781, {{1, 39}, {0, 2}, {2, 0}}};
  const auto found = ask<features_found>(under_test, features_wanted{2, soon()});
  CAF_REQUIRE(found && found->features.size() == 3);
  CAF_CHECK_EQUAL(found->features[0].name, "grid");
  CAF_CHECK_EQUAL(found->features[0].total, 40);
  CAF_CHECK(found->features[0].subjects == 7u);
  CAF_CHECK(found->features[0].per_day == (std::vector<std::int64_t>{1, 39}));
  CAF_CHECK_EQUAL(found->features[1].name, "hedge");
  CAF_CHECK(found->features[2].subjects == 0u);
  CAF_CHECK(found->days == (std::vector<std::string>{"2026-11-23", "2026-11-24"}));
  CAF_CHECK_EQUAL(plan->asked.front(), "metrics:feature_usage:grid");
}

CAF_TEST(without history or store the totals are told all the same) {
  count("grid", 40);
  caf::anon_send_exit(store, caf::exit_reason::kill);
  consume_messages();
  const auto found = ask<features_found>(under_test, features_wanted{7, soon()});
  CAF_REQUIRE(found && found->features.size() == 1);
  CAF_CHECK_EQUAL(found->features[0].total, 40);
  CAF_CHECK(!found->features[0].subjects);
  CAF_CHECK(found->features[0].per_day.empty());
  CAF_CHECK(found->days.empty());
}

CAF_TEST(a redis that was killed and emptied gets the subjects again) {
  test::redis_server redis{{.durable = false}};
  test::redis_store_host host{redis.url()};
  const auto table = std::make_shared<feature_table>(features_max);
  auto keeper = host.system.spawn(feature_keeper, feature_keeper_settings{50ms}, system_clocks(), table,
                                  host.system.spawn(scripted_counters, plan), host.store, host.system.spawn(scripted_history, plan));
  caf::anon_send(host.store, store_listen{caf::actor_cast<store_listener>(keeper)});
  const feature used{table->find_or_make("grid", [](std::string_view name) { return std::make_shared<feature_account>(name, counter{}); })};
  const auto counts = [&](const std::string& many) {
    return test::wait_until([&] { return redis.ask({"PFCOUNT", sketch}) == many; }, 20s);
  };
  used.used("user_1");
  used.used("user_2");
  CAF_CHECK(counts("2"));
  redis.kill();
  used.used("user_3");
  redis.start();
  CAF_CHECK(counts("3"));
  redis.ask({"FLUSHALL"});
  CAF_CHECK(counts("3"));
  host.self->send_exit(keeper, caf::exit_reason::user_shutdown);
  host.self->wait_for(keeper);
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE task_keeper

#include "actors/task_keeper.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/embedded_store.hpp"
#include "config/keys.hpp"
#include "messages/task_request.hpp"
#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_redis_server.hpp"

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

std::int64_t seconds_of(wall_time at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }

struct fixture : test::actor_fixture {
  store_actor store = sys.spawn(embedded_store, embedded_store_settings{}, clock_ptr{clock});
  task_board_ptr board = std::make_shared<task_board>(clock_ptr{clock});
  task_keeper_actor under_test;

  ~fixture() { stop(); }
  void stop() {
    if (under_test)
      caf::anon_send_exit(under_test, caf::exit_reason::kill);
    consume_messages();
  }
  void start() {
    under_test = sys.spawn(task_keeper, task_keeper_settings{}, clock_ptr{clock}, board, store);
    consume_messages();
  }
  task find(const std::string& name) {
    return board->find_or_add(name, [](std::string_view) { return task_counters{}; });
  }
  boot_time soon() const { return clock->boot_now() + 1s; }
  std::string stored(const std::string& key) {
    return ask<store_value>(store, store_read{key, soon()}).value_or(store_value{}).value.value_or("");
  }
  void put(const std::string& key, std::int64_t seconds) {
    ask<done>(store, store_write{key, std::to_string(seconds), {}, soon()});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(task_keeper_tests, fixture)

CAF_TEST(the times of a run are in the store within a second) {
  start();
  find("a").begin().succeed();
  const auto first = seconds_of(clock->wall_now());
  advance(1s);
  CAF_CHECK_EQUAL(stored(keys::task_last_success("a")), std::to_string(first));
  CAF_CHECK_EQUAL(stored(keys::task_last_run("a")), std::to_string(first));
  advance(100s);
  find("a").begin().fail("no");
  advance(1s);
  CAF_CHECK_EQUAL(stored(keys::task_last_success("a")), std::to_string(first));
  CAF_CHECK_EQUAL(stored(keys::task_last_run("a")), std::to_string(first + 101));
}

CAF_TEST(a restart knows when the task last succeeded) {
  const auto now = clock->wall_now();
  put(keys::task_last_success("a"), seconds_of(now) - 500);
  put(keys::task_last_run("a"), seconds_of(now) - 20);
  const auto one = find("a");
  start();
  for (int i = 0; i < 6; ++i)
    advance(1s);
  CAF_CHECK(one.read().since_success >= 505s && one.read().since_success <= 508s);
  CAF_CHECK_EQUAL(seconds_of(*one.read().last_run), seconds_of(now) - 20);
  CAF_CHECK_EQUAL(one.read().successes, 0u);
}

CAF_TEST(a success of another process counts) {
  start();
  const auto one = find("a");
  advance(300s);
  put(keys::task_last_success("a"), seconds_of(clock->wall_now()) - 2);
  for (int i = 0; i < 6; ++i)
    advance(1s);
  CAF_CHECK(one.read().since_success <= 9s);
}

CAF_TEST(a time in the future is not believed and replaced) {
  const auto now = seconds_of(clock->wall_now());
  put(keys::task_last_success("a"), now + 86'400 * 3650);
  put(keys::task_last_run("a"), INT64_MAX);
  find("a").begin().succeed();
  start();
  for (int i = 0; i < 12; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(stored(keys::task_last_success("a")), std::to_string(now));
  CAF_CHECK_EQUAL(stored(keys::task_last_run("a")), std::to_string(now));
  CAF_CHECK(find("a").read().since_success <= 13s);
}

CAF_TEST(what an emptied store has lost is brought again) {
  start();
  find("a").begin().succeed();
  const auto first = std::to_string(seconds_of(clock->wall_now()));
  advance(1s);
  ask<done>(store, store_erase{keys::task_last_success("a"), soon()});
  for (int i = 0; i < 7; ++i)
    advance(1s);
  CAF_CHECK_EQUAL(stored(keys::task_last_success("a")), first);
}

CAF_TEST(keep_now is answered once everything is there) {
  start();
  CAF_CHECK(ask<done>(under_test, keep_now{soon()}).has_value());
  find("a").begin().succeed();
  CAF_CHECK(ask<done>(under_test, keep_now{soon()}).has_value());
  CAF_CHECK(!stored(keys::task_last_success("a")).empty());
}

CAF_TEST(with the store away nothing is lost and it is not asked all the time) {
  caf::anon_send_exit(store, caf::exit_reason::kill);
  consume_messages();
  find("a").begin().succeed();
  start();
  for (int i = 0; i < 30; ++i)
    advance(1s);
  CAF_CHECK(!ask<done>(under_test, keep_now{soon()}).has_value());
  CAF_CHECK_EQUAL(find("a").read().successes, 1u);
}

CAF_TEST(an answered request is a success and a refused one an error with its reason) {
  const auto one = find("asked");
  const auto run_once = [&](const std::string& key) {
    sys.spawn([=, store = store, clock = clock](caf::event_based_actor* asker) {
      request_as_task<done>(
        asker, one.begin(), store, 5s, store_add_distinct{key, {"x"}, clock->boot_now() + 1s}, [](const done&) {},
        [](const caf::error&) {});
    });
    consume_messages();
  };
  run_once("sketch");
  CAF_CHECK_EQUAL(one.read().successes, 1u);
  put("text", 1);
  run_once("text");
  CAF_CHECK_EQUAL(one.read().errors, 1u);
  CAF_MESSAGE(one.read().last_error);
  CAF_CHECK(one.read().last_error.find("store_refused") != std::string::npos);
  CAF_CHECK(one.read().last_error.find("text holds something else") != std::string::npos);
}

CAF_TEST(the handler may speak for the run and an actor that ends has abandoned it) {
  const auto one = find("asked");
  sys.spawn([=, store = store, clock = clock](caf::event_based_actor* asker) {
    request_as_task<store_value>(
      asker, one.begin(), store, 5s, store_read{"none", clock->boot_now() + 1s},
      [](task_run& run, const store_value& found) {
        if (!found.value)
          run.fail("nothing there");
      },
      [](const caf::error&) {});
  });
  consume_messages();
  CAF_CHECK_EQUAL(one.read().last_error, "nothing there");
  sys.spawn([=, store = store, clock = clock](caf::event_based_actor* asker) {
    request_as_task<store_value>(asker, one.begin(), store, 5s, store_read{"none", clock->boot_now() + 1s},
                                 [](const store_value&) {}, [](const caf::error&) {});
    asker->quit();
  });
  consume_messages();
  CAF_CHECK_EQUAL(one.read().errors, 2u);
  CAF_CHECK(one.read().last_error.find("abandoned") != std::string::npos);
  CAF_CHECK_EQUAL(one.read().running, 0u);
}

CAF_TEST(a redis that was killed and emptied gets the times again) {
  test::redis_server redis{{.durable = false}};
  test::redis_store_host host{redis.url()};
  const auto tasks = std::make_shared<task_board>();
  const auto one = tasks->find_or_add("a", [](std::string_view) { return task_counters{}; });
  auto keeper = host.system.spawn(task_keeper, task_keeper_settings{50ms, 100ms}, system_clocks(), tasks, host.store);
  caf::anon_send(host.store, store_listen{caf::actor_cast<store_listener>(keeper)});
  one.begin().succeed();
  const auto key = keys::task_last_success("a");
  CAF_CHECK(test::wait_until([&] { return redis.get(key) != ""; }));
  const auto first = redis.get(key);
  redis.kill();
  redis.start();
  CAF_CHECK(test::wait_until([&] { return redis.get(key) == first; }, 20s));
  redis.ask({"FLUSHALL"});
  CAF_CHECK(test::wait_until([&] { return redis.get(key) == first; }, 20s));
  host.self->send_exit(keeper, caf::exit_reason::user_shutdown);
  host.self->wait_for(keeper);
}

CAF_TEST_FIXTURE_SCOPE_END()

// Rate limits through a whole engine: over real processes, and with Redis killed, frozen and emptied.
#define CAF_SUITE engine_rate_limits

#include "engine/engine.hpp"

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include "tests/support/counting_process.hpp"
#include "tests/support/hammering_process.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

constexpr auto key = "rate_limit:user_123:api_calls";

struct fixture {
  test::temporary_folder folder;
  std::unique_ptr<test::redis_server> redis = std::make_unique<test::redis_server>(test::redis_server_options{.durable = false});
  engine_config config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<engine> front;

  ~fixture() {
    redis->thaw();
    front.reset();
  }
  // A short `timeout` is for a Redis that stands still: a busy machine may take as long where it does not.
  void start(bool with_redis = true, std::chrono::nanoseconds timeout = 5s) {
    test::prepare_counting(config, with_redis ? redis->url() : std::string{}, folder.file("state"));
    config.redis_connect_timeout = config.redis_command_timeout = timeout;
    system = std::make_unique<caf::actor_system>(config);
    front = std::make_unique<engine>(*system);
    CAF_REQUIRE(wait_until([&] { return front->status().store.up; }));
  }
  static limiter_options when_away(away_policy policy) {
    limiter_options options;
    options.when_away = policy;
    options.deadline = 10s;
    return options;
  }
  // The most admissions that provably lay in one window: those asked for and answered within it.
  static std::int64_t most_in_a_window(std::vector<test::admission> all, std::chrono::nanoseconds window) {
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.asked_ns < b.asked_ns; });
    std::int64_t most = 0;
    for (auto first = all.begin(); first != all.end(); ++first) {
      std::int64_t inside = 0;
      for (auto one = first; one != all.end() && one->asked_ns < first->asked_ns + window.count(); ++one)
        inside += one->answered_ns < first->asked_ns + window.count() ? 1 : 0;
      most = std::max(most, inside);
    }
    return most;
  }
  std::vector<test::admission> hammer_from_eight_processes(const std::string& mode, std::int64_t limit, std::int64_t window_ms) {
    std::vector<std::unique_ptr<test::hammering_process>> processes;
    for (int i = 0; i < 8; ++i) {
      processes.push_back(std::make_unique<test::hammering_process>(redis->url(), folder.file("hammer" + std::to_string(i)), key,
                                                                    limit, window_ms, mode, 3000));
    }
    std::vector<test::admission> all;
    for (auto& process : processes)
      CAF_CHECK(process->collect(all));
    return all;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_rate_limits_tests, fixture)

CAF_TEST(eight processes on one limit never exceed it over any window) {
  const auto all = hammer_from_eight_processes("exact", 40, 400);
  CAF_CHECK(all.size() > 80);
  CAF_CHECK(most_in_a_window(all, 400ms) <= 40);
}

CAF_TEST(eight processes on one limit above a thousand never exceed it over any window) {
  const auto all = hammer_from_eight_processes("exact", 1001, 1500);
  CAF_CHECK(all.size() > 100);
  CAF_CHECK(most_in_a_window(all, 1500ms) <= 1001);
}

CAF_TEST(eight processes with leases never exceed the limit over any window) {
  const auto all = hammer_from_eight_processes("leased", 80, 1000);
  CAF_CHECK(all.size() > 80);
  CAF_CHECK(most_in_a_window(all, 1000ms) <= 80);
}

CAF_TEST(eight processes on one smooth limit stay below twice the limit) {
  const auto all = hammer_from_eight_processes("smooth", 40, 400);
  CAF_CHECK(all.size() > 80);
  CAF_CHECK(most_in_a_window(all, 400ms) <= 79);
}

CAF_TEST(a limit is kept and its decisions are counted) {
  start();
  auto permits = front->limiter(key, 3, 60s, when_away(away_policy::closed));
  CAF_CHECK_EQUAL(permits.try_acquire().remaining, 2);
  CAF_CHECK(permits.try_acquire(2).allowed);
  const auto refused = permits.try_acquire();
  CAF_CHECK(!refused.allowed);
  CAF_CHECK(refused.basis == rate_basis::store);
  CAF_CHECK(refused.retry_after > 30s && refused.retry_after <= 60s);
  CAF_CHECK(!permits.try_acquire(4).allowed);
  CAF_CHECK(redis->ask({"EXISTS", key}) == "1");
  CAF_CHECK(front->flush(5s));
  CAF_CHECK_EQUAL(redis->get("metrics:rate_limit:api_calls_allowed"), "2");
  CAF_CHECK_EQUAL(redis->get("metrics:rate_limit:api_calls_refused"), "2");
  CAF_CHECK_EQUAL(redis->get("metrics:rate_limit:api_calls_near"), "1");
  CAF_CHECK_EQUAL(front->status().rate_limits.limits, 1u);
}

CAF_TEST(a limit is asked from callbacks and by messages too) {
  start();
  auto permits = front->limiter(key, 2, 60s, when_away(away_policy::closed));
  std::promise<rate_decision> told;
  permits.try_acquire_async(1, [&](rate_decision decision) { told.set_value(decision); });
  CAF_CHECK(told.get_future().get().allowed);
  caf::scoped_actor self{*system};
  const auto ask = [&](std::int64_t limit) {
    std::string answer;
    self->request(front->rate_limiter(), caf::infinite, acquire_permits{key, limit, 60s, 1, when_away(away_policy::closed)})
      .receive([&](const rate_decision& decision) { answer = decision.allowed ? "allowed" : "refused"; },
               [&](const caf::error& why) { answer = to_string(fault_of(why)); });
    return answer;
  };
  CAF_CHECK_EQUAL(ask(2), "allowed");
  CAF_CHECK_EQUAL(ask(2), "refused");
  CAF_CHECK_EQUAL(ask(0), "bad_request");
}

CAF_TEST(a limit that cannot be refuses everything and tells why) {
  start(false);
  auto wrong = front->limiter("rate_limit:a:b", -1, 60s);
  CAF_CHECK(!wrong);
  CAF_CHECK(wrong.error() == rate_limit_error::bad_limit);
  CAF_CHECK(!wrong.try_acquire().allowed);
  CAF_CHECK(front->limiter("rate_limit:a{b:c", 1, 60s).error() == rate_limit_error::bad_subject);
  CAF_CHECK(front->limiter("rate_limit:a:b", 1, 0s).error() == rate_limit_error::bad_window);
}

CAF_TEST(a wrong limit is said once however often it is made) {
  start(false);
  const test::captured_log log;
  for (int i = 0; i < 100; ++i)
    CAF_CHECK(!front->limiter("rate_limit:a:b", 0, 60s));
  CAF_CHECK_EQUAL(log.warnings("limit 0"), 1);
}

CAF_TEST(a caller without time gets an answer without the store and does no harm to others) {
  start();
  auto permits = front->limiter(key, 1000, 60s, when_away(away_policy::local));
  CAF_CHECK(wait_until([&] { return permits.try_acquire().basis == rate_basis::store; }));
  for (const std::chrono::nanoseconds none : {0ns, -1ns, std::chrono::nanoseconds::min()})
    CAF_CHECK(permits.try_acquire(1, none).basis == rate_basis::blind);
  permits.try_acquire(1, 1us);
  CAF_CHECK(permits.try_acquire().basis == rate_basis::store);
  CAF_CHECK(permits.try_acquire(1, std::chrono::nanoseconds::max()).basis == rate_basis::store);
}

CAF_TEST(more actions than have counters of their own are counted together and that is told) {
  start(false);
  std::vector<limiter> held;
  for (int i = 0; i < 64; ++i)
    held.push_back(front->limiter("rate_limit:a:action" + std::to_string(i), 1, 60s));
  CAF_CHECK_EQUAL(front->status().names_left_out, 0u);
  auto one_more = front->limiter("rate_limit:a:action64", 1, 60s);
  CAF_CHECK_EQUAL(front->status().names_left_out, 1u);
  CAF_CHECK(one_more.try_acquire().allowed);
  CAF_CHECK(front->flush(5s));
  CAF_CHECK_EQUAL(front->read("metrics:rate_limit:other_allowed").value, 1);
}

CAF_TEST(the embedded store keeps a limit as well and across a restart) {
  start(false);
  CAF_CHECK(front->limiter(key, 2, 60s, when_away(away_policy::closed)).try_acquire(2).allowed);
  front.reset();
  system.reset();
  start(false);
  auto permits = front->limiter(key, 2, 60s, when_away(away_policy::closed));
  CAF_CHECK(!permits.try_acquire().allowed);
  CAF_CHECK(front->limiter("rate_limit:user_124:api_calls", 2, 60s).try_acquire().allowed);
}

CAF_TEST(while redis is killed each limit does what its policy says and after that the store decides again) {
  start();
  auto open = front->limiter("rate_limit:a:open", 3, 60s, when_away(away_policy::open));
  auto closed = front->limiter("rate_limit:a:closed", 3, 60s, when_away(away_policy::closed));
  auto local = front->limiter("rate_limit:a:local", 3, 60s, when_away(away_policy::local));
  for (auto* one : {&open, &closed, &local})
    CAF_CHECK(one->try_acquire().basis == rate_basis::store);
  redis->kill();
  CAF_CHECK(wait_until([&] { return !front->status().store.up; }));
  const auto blind = [](limiter& one) {
    std::string answers;
    for (int i = 0; i < 4; ++i) {
      const auto decision = one.try_acquire();
      answers += decision.basis != rate_basis::blind ? '?' : decision.allowed ? '+' : '-';
    }
    return answers;
  };
  CAF_CHECK_EQUAL(blind(open), "++++");
  CAF_CHECK_EQUAL(blind(closed), "----");
  CAF_CHECK_EQUAL(blind(local), "++--"); // the store had admitted one
  redis->start();
  const auto by_store = [](limiter& one) { return one.try_acquire(0).basis == rate_basis::store; };
  for (auto* one : {&open, &closed, &local})
    CAF_CHECK(wait_until([&] { return by_store(*one); }));
  // Emptied as it was, it heard of what had been admitted blindly.
  CAF_CHECK(!local.try_acquire(2).allowed);
  CAF_CHECK(!open.try_acquire().allowed);
  CAF_CHECK(closed.try_acquire(3).allowed);
  CAF_CHECK(front->flush(5s));
  CAF_CHECK(std::stoll(redis->get("metrics:rate_limit:open_blind")) >= 4);
}

CAF_TEST(nobody waits for a frozen redis beyond his deadline) {
  start(true, 10s); // far beyond what is accepted below: it is the deadline that ends the waiting
  auto options = when_away(away_policy::local);
  options.deadline = 60ms;
  auto permits = front->limiter(key, 100, 60s, options);
  CAF_CHECK(wait_until([&] { return permits.try_acquire().basis == rate_basis::store; }));
  redis->freeze();
  for (int i = 0; i < 20; ++i) {
    const auto began = boot_clock::now();
    CAF_CHECK(permits.try_acquire().basis == rate_basis::blind);
    CAF_CHECK(boot_clock::now() - began < 60ms + 1500ms); // what a slow machine may add
  }
  redis->thaw();
  CAF_CHECK(wait_until([&] { return permits.try_acquire().basis == rate_basis::store; }));
}

CAF_TEST(a handle that outlives its engine decides by its policy) {
  start(false);
  auto permits = front->limiter(key, 2, 60s);
  auto closed = front->limiter("rate_limit:a:b", 2, 60s, when_away(away_policy::closed));
  front.reset();
  CAF_CHECK(permits.try_acquire().allowed);
  CAF_CHECK(permits.try_acquire().basis == rate_basis::blind);
  CAF_CHECK(!closed.try_acquire().allowed);
  bool called = false;
  closed.try_acquire_async(1, [&](rate_decision decision) { called = !decision.allowed; });
  CAF_CHECK(called);
}

CAF_TEST(a lease is taken from the store and spent here) {
  start();
  auto options = when_away(away_policy::closed);
  options.mode = rate_mode::leased;
  auto permits = front->limiter(key, 8000, 60s, options);
  CAF_CHECK(permits.try_acquire().allowed);
  CAF_CHECK(permits.try_acquire().basis == rate_basis::lease);
  const auto decided = front->status().rate_limits.decided;
  for (int i = 0; i < 100; ++i)
    CAF_CHECK(permits.try_acquire().allowed);
  CAF_CHECK(front->status().rate_limits.decided <= decided + 1);
}

CAF_TEST_FIXTURE_SCOPE_END()

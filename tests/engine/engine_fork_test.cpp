#define CAF_SUITE engine_fork

#include "engine/engine.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct fixture {
  test::temporary_folder folder;
};

// How many of the calls that answer later have answered by their return, and as if the engine had ended.
int answered_at_once(engine& host) {
  int answered = 0;
  const auto is_stopping = [&](const auto& given) { answered += given.error == fault::stopping ? 1 : 0; };
  host.read_async("metrics:orders:sent", is_stopping);
  host.symbols_async(market::spot, is_stopping);
  host.features_async(1, is_stopping);
  host.read_matching_async("*", [&](const counter_readings& found) { answered += found.readings.empty() ? 1 : 0; });
  host.history_async({}, [&](const history_answer& given) { answered += given.refusal.empty() ? 0 : 1; });
  host.accept_refused_async(market::spot, [&](const acceptance& one) { answered += one.accepted ? 0 : 1; });
  host.status_async([&](const engine_status& status) { answered += status.state_folder.empty() ? 1 : 0; });
  return answered;
}

bool tells_that_it_is_stopping(engine& host) {
  host.on_symbols_changed([](const symbols_changed&) {});
  return host.read("metrics:orders:sent", 100ms).error == fault::stopping
         && host.symbols_sync(market::spot, 100ms).error == fault::stopping
         && host.symbols_sync(market::spot, 100ms, 1s).error == fault::stopping
         && host.features(1, 100ms).error == fault::stopping && host.status(100ms).state_folder.empty()
         && !host.accept_refused(market::spot, 100ms).accepted;
}

limiter_options with_policy(away_policy policy, rate_mode mode = rate_mode::exact) {
  limiter_options options;
  options.when_away = policy;
  options.mode = mode;
  options.deadline = 10s;
  return options;
}

constexpr auto limit_key = "rate_limit:user_123:api_calls";

// Locks all that a limit, a task or a feature can lock, over and over.
void use_everything(engine& host, const std::atomic<bool>& enough) {
  const auto orders = host.task_handle("reconcile_orders");
  auto held = host.limiter(limit_key, 1'000'000, 60s);
  for (int i = 0; !enough.load(); ++i) {
    held.try_acquire(1, 0ns);
    if (i % 8 == 0) // no flood of messages
      held.try_acquire_async(1, [](rate_decision) {});
    host.limiter(limit_key, i % 3 + 1, 60s).try_acquire(1, 0ns);
    orders.begin().fail("the exchange knows 3 orders more");
    host.task("task" + std::to_string(i % 1000)).succeed();
    host.feature("feature" + std::to_string(i % 1000)).used();
    (void)host.limiter("rate_limit:a:b", 0, 60s);
  }
}

// Of a child: nothing that it has from its parent is admitted twice, and nothing that it does counts.
bool has_no_share(engine& host, limiter& exact, limiter& open, limiter& leased) {
  bool answered = false;
  exact.try_acquire_async(1, [&](rate_decision decision) { answered = !decision.allowed && decision.basis == rate_basis::blind; });
  const auto before = host.task_handle("reconcile_orders").read();
  host.task("reconcile_orders").succeed();
  host.task("never heard of").fail("why");
  host.feature("never_heard_of").used("user_123");
  return answered && before.successes == 0 && !exact.try_acquire().allowed && open.try_acquire().allowed && !leased.try_acquire().allowed
         && !host.limiter(limit_key, 10, 60s).try_acquire().allowed
         && host.limiter(limit_key, 10, 60s, with_policy(away_policy::open)).try_acquire().allowed
         && host.limiter("rate_limit:a:b", 0, 60s).error() == rate_limit_error::bad_limit;
}

engine_config without_exchange(const std::string& folder) {
  engine_config config;
  config.state_dir = folder;
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
  return config;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_fork_tests, fixture)

CAF_TEST(a child without exec counts for nobody and gets its answers at once) {
  auto config = without_exchange(folder.file("state"));
  caf::actor_system system{config};
  std::optional<engine> host{system};
  const auto sent = host->counter("metrics:orders:sent");
  std::atomic<bool> enough{false};
  std::uint64_t counted = 0;
  std::thread counting{[&] {
    for (; !enough.load(); ++counted)
      sent.incr();
  }};
  for (int round = 0; round < 5; ++round) {
    const auto child = ::fork();
    if (child == 0) {
      ::alarm(20); // ends a child that hangs
      sent.incr(1000);
      host->incr("metrics:orders:sent", 1000);
      host->incr("metrics:orders:new", 1);
      const bool silent = !host->incr_sync("metrics:orders:sent", 1, 100ms) && !host->flush(100ms)
                          && host->get_int_sync("metrics:orders:sent", 100ms) == 0 && !host->read_json("x", 100ms)
                          && answered_at_once(*host) == 7 && tells_that_it_is_stopping(*host);
      host.reset();
      sent.incr();
      ::_exit(silent ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CAF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  enough = true;
  counting.join();
  CAF_CHECK(host->flush(5s));
  CAF_CHECK_EQUAL(host->get_int_sync("metrics:orders:sent", 5s), static_cast<std::int64_t>(counted));
}

CAF_TEST(a child without exec has no share of a limit and no lease and hangs in no lock of a task or a feature) {
  auto config = without_exchange(folder.file("state"));
  caf::actor_system system{config};
  engine host{system};
  auto exact = host.limiter(limit_key, 1000, 60s, with_policy(away_policy::local));
  auto open = host.limiter(limit_key, 1000, 60s, with_policy(away_policy::open));
  auto leased = host.limiter("rate_limit:user_124:api_calls", 8000, 60s, with_policy(away_policy::closed, rate_mode::leased));
  CAF_REQUIRE(test::wait_until([&] { return leased.try_acquire().basis == rate_basis::lease; }));
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { use_everything(host, enough); });
  for (int round = 0; round < 50; ++round) {
    const auto child = ::fork();
    if (child == 0) {
      ::alarm(20); // ends a child that hangs
      ::_exit(has_no_share(host, exact, open, leased) ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CAF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  enough = true;
  for (auto& thread : threads)
    thread.join();
  CAF_CHECK(test::wait_until([&] { return leased.try_acquire().allowed; }));
}

CAF_TEST_FIXTURE_SCOPE_END()

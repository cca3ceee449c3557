#define CAF_SUITE engine_fork

#include "engine/engine.hpp"

#include <atomic>
#include <optional>
#include <thread>

#include <caf/actor_system.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/runtime_temporary_folder.hpp"

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

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_fork_tests, fixture)

CAF_TEST(a child without exec counts for nobody and gets its answers at once) {
  engine_config config;
  config.state_dir = folder.file("state");
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
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

CAF_TEST_FIXTURE_SCOPE_END()

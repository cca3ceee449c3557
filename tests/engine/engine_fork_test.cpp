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
                          && host->get_int_sync("metrics:orders:sent", 100ms) == 0 && !host->read_json("x", 100ms);
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

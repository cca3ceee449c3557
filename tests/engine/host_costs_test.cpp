#define CAF_SUITE host_costs

#include "engine/engine.hpp"

#include <optional>
#include <string>

#include <caf/actor_system.hpp>
#include <malloc.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/process_traces.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

std::size_t heap_bytes() {
  const auto now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

// What docs/embedding.md tells of an engine's costs. The exchange is in this process, too: its threads are not the engine's.
struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 2000, 2000, {}}};
  engine_config config;

  fixture() {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.set("scheduler.max-threads", std::size_t{2});
  }

  static std::size_t threads() { return test::thread_count() - test::thread_count("MHD-connection"); }

  void adds_threads(std::size_t expected) {
    const auto without = threads();
    {
      caf::actor_system system{config};
      const auto before = threads();
      engine host{system};
      for (const auto which : all_markets)
        CAF_CHECK(host.symbols_sync(which, 5s).table != nullptr);
      CAF_CHECK(host.incr_sync("metrics:test:costs", 1, 5s));
      CAF_CHECK(wait_until([&] { return threads() == before + expected; }));
    }
    CAF_REQUIRE(wait_until([&] { return threads() == without; }));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(host_costs_tests, fixture)

CAF_TEST(an engine adds a thread for its store and for its history and for each fetcher) { adds_threads(4); }

CAF_TEST(a gateway adds a thread that answers and one that watches over connections) {
  config.http = "127.0.0.1:0";
  adds_threads(6);
}

CAF_TEST(a ledger that is brought to the disk adds a thread) {
  config.ledger_sync_interval = 100ms;
  adds_threads(5);
}

CAF_TEST(redis adds a thread for each of two links and for announcements) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  config.redis_url = redis.url();
  adds_threads(7);
}

CAF_TEST(an engine with two tables of two thousand symbols keeps less than six mebibytes on the heap) {
  caf::actor_system system{config};
  const auto before = heap_bytes();
  engine host{system};
  for (const auto which : all_markets)
    CAF_CHECK_EQUAL(host.symbols_sync(which, 5s).table->size(), 2000u);
  CAF_CHECK(host.incr_sync("metrics:test:costs", 1, 5s));
  CAF_MESSAGE((heap_bytes() - before) / 1024 << " KiB");
  // What fetching needed for a moment is given back.
  CAF_CHECK(wait_until([&] { return heap_bytes() < before + (6u << 20); }));
}

CAF_TEST_FIXTURE_SCOPE_END()

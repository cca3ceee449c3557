#define CAF_SUITE host_traces

#include "engine/engine.hpp"

#include <optional>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/process_traces.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_resp_peer.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

// More than any call of these tests needs on a busy machine, less than any deadline that would be waited out.
constexpr auto at_once = 5s;

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 50, 60, {}}};

  int exchange_port() const { return std::stoi(exchange.url().substr(exchange.url().rfind(':') + 1)); }

  void prepare(engine_config& config) {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.flush_interval = 20ms;
    config.http = "127.0.0.1:0";
  }

  // Starts, uses and ends an engine; then everything it took is given back.
  void leaves_nothing(caf::actor_system& system, const std::function<void(engine&)>& use) {
    const auto files = test::open_files(exchange_port());
    const auto threads = test::thread_count();
    {
      engine host{system};
      use(host);
      CAF_CHECK(test::thread_count() > threads);
    }
    // CAF lets go of a detached actor's thread a moment after the actor has ended.
    CAF_CHECK(wait_until([&] { return test::thread_count() <= threads; }));
    CAF_CHECK(wait_until([&] { return test::open_files(exchange_port()) == files; }));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(host_traces_tests, fixture)

CAF_TEST(an engine that ends twenty times leaves no thread and no descriptor) {
  engine_config config;
  prepare(config);
  caf::actor_system system{config};
  for (int round = 0; round < 20; ++round)
    leaves_nothing(system, [](engine& host) {
      host.incr("metrics:test:traces");
      CAF_CHECK(host.symbols_sync(market::spot, at_once).table != nullptr);
      CAF_CHECK(!host.http_address().empty());
    });
}

CAF_TEST(an engine on redis that ends twenty times leaves no thread and no descriptor) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  engine_config config;
  prepare(config);
  config.redis_url = redis.url();
  caf::actor_system system{config};
  for (int round = 0; round < 20; ++round)
    leaves_nothing(system, [](engine& host) {
      CAF_CHECK(host.incr_sync("metrics:test:traces", 1, at_once));
      CAF_CHECK(host.symbols_sync(market::spot, at_once).table != nullptr);
    });
  CAF_CHECK_EQUAL(redis.get("metrics:test:traces"), "20");
}

// Nobody behind them ever answers: a Redis that takes connections and is silent, an exchange that hangs.
CAF_TEST(an engine among black holes starts at once and ends in time without a trace) {
  test::resp_peer silent_redis;
  for (const auto which : all_markets)
    exchange.set_fault(which, exchange_fault::hang);
  engine_config config;
  prepare(config);
  config.redis_url = silent_redis.url();
  config.redis_connect_timeout = config.redis_command_timeout = 1s;
    config.fetch_timeout = 60s; // whoever waited for it would be found out
  caf::actor_system system{config};
  leaves_nothing(system, [&](engine& host) {
    host.incr("metrics:test:holes");
    CAF_CHECK(wait_until([&] { return silent_redis.connections() > 0; }));
    CAF_CHECK(wait_until([&] { return exchange.requests(market::spot) > 0; }));
    const auto began = boot_clock::now();
    CAF_CHECK(host.symbols_sync(market::spot, 100ms).table == nullptr);
    CAF_CHECK_EQUAL(host.read("metrics:test:holes", 100ms).value, 1);
    CAF_CHECK(boot_clock::now() - began < at_once);
  });
}

CAF_TEST(construction and destruction wait for nobody) {
  test::resp_peer silent_redis;
  exchange.set_fault(market::spot, exchange_fault::hang);
  for (const auto& [redis, urls] : {std::pair{silent_redis.url(), exchange.url()},
                                    std::pair{std::string{"redis://nowhere.invalid:6379"}, std::string{"http://nowhere.invalid"}},
                                    std::pair{std::string{"redis://192.0.2.1:6379"}, std::string{"http://192.0.2.1"}}}) {
    engine_config config;
    prepare(config);
    config.spot_urls = config.futures_urls = {urls};
    config.redis_url = redis;
    config.redis_connect_timeout = config.redis_command_timeout = 1s;
    config.fetch_timeout = 60s; // whoever waited for it would be found out
    std::optional<caf::actor_system> system{config};
    const auto began = boot_clock::now();
    std::optional<engine> host{*system};
    const auto started = boot_clock::now();
    host.reset();
    const auto ended = boot_clock::now();
    system.reset();
    CAF_CHECK(started - began < at_once);
    CAF_CHECK(ended - started < at_once);
    CAF_CHECK(boot_clock::now() - ended < at_once);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()

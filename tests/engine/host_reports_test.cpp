// What a plain host tells an engine and what it is told: changed tables, refused orders, an operator's word.
#define CAF_SUITE host_reports

#include <atomic>
#include <filesystem>
#include <stdexcept>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/engine.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{.spot_symbols = 300, .futures_symbols = 60, .changes_per_poll = 5}};

  void prepare(engine_config& config) const {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(host_reports_tests, fixture)

CAF_TEST(a refused order brings a new table ten seconds after the last fetch and the host hears what changed) {
  engine_config config;
  prepare(config);
  caf::actor_system system{config};
  engine host{system};
  CAF_REQUIRE(host.symbols_sync(market::spot, 5s).table);
  std::atomic<std::size_t> changes{0};
  std::atomic<std::uint64_t> version{0};
  host.on_symbols_changed([&](const symbols_changed& news) {
    const auto& diff = *news.diff;
    changes = diff.added.size() + diff.removed.size() + diff.status_changed.size() + diff.rules_changed.size();
    version = news.version;
  });
  const auto asked = exchange.requests(market::spot);
  host.report_rejected(market::spot, "BTCUSDT");
  host.report_rejected(market::spot, "ETHUSDT");
  CAF_CHECK(wait_until([&] { return version > 0; }, 20s));
  CAF_CHECK(changes > 0u);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), asked + 1);
  CAF_CHECK_EQUAL(host.symbols(market::spot).version(), version.load());
}

CAF_TEST(a refused table is not accepted any more once another process has a good one) {
  engine_config config;
  prepare(config);
  config.spot_ttl = 1s;
  caf::actor_system system{config};
  engine one{system};
  CAF_REQUIRE(one.symbols_sync(market::spot, 5s).table);
  auto view = one.symbols(market::spot);
  CAF_REQUIRE(wait_until([&] { return view.stale(); }));
  exchange.set_fault(market::spot, exchange_fault::half_gone);
  CAF_CHECK(one.symbols_sync(market::spot, 5s).stale);
  CAF_REQUIRE(one.status().exchange[index(market::spot)].refused);
  exchange.set_fault(market::spot, exchange_fault::none);

  engine_config of_other;
  prepare(of_other);
  of_other.spot_ttl = 1h;
  caf::actor_system other_system{of_other};
  engine other{other_system};
  const auto fetched = other.symbols_sync(market::spot, 5s);
  CAF_REQUIRE(fetched.table && !fetched.stale);
  CAF_REQUIRE(fetched.fetched_at);
  CAF_REQUIRE(wait_until([&] { return one.board()->current(market::spot)->fetched_at >= fetched.fetched_at; }));
  CAF_REQUIRE(one.status().exchange[index(market::spot)].refused);
  CAF_CHECK(!one.accept_refused(market::spot).accepted);
}

CAF_TEST(a state folder that others can look into is one line whatever its name is) {
  engine_config config;
  prepare(config);
  config.state_dir = folder.file("sta\nte");
  std::filesystem::create_directory(config.state_dir);
  std::filesystem::permissions(config.state_dir, static_cast<std::filesystem::perms>(0755));
  const test::captured_log log;
  caf::actor_system system{config};
  engine host{system};
  CAF_CHECK_EQUAL(log.warnings("others can look into the state folder reason=\""), 1);
  CAF_CHECK_EQUAL(log.warnings("\n"), 0);
}

CAF_TEST(a callback that throws ends nothing and is told in the log) {
  engine_config config;
  prepare(config);
  test::captured_log log;
  caf::actor_system system{config};
  engine host{system};
  CAF_REQUIRE(host.symbols_sync(market::spot, 5s).table);
  std::atomic<int> called{0};
  const auto throws = [&](const auto&) {
    ++called;
    throw std::runtime_error{"the host's own"};
  };
  host.symbols_async(market::spot, throws);        // fresh: called before this returns
  host.accept_refused_async(market::spot, throws); // nothing was refused: likewise
  host.symbols_async(market::futures, throws);
  host.read_async("metrics:orders:sent", throws);
  host.read_matching_async("metrics:*", throws);
  host.status_async(throws);
  host.history_async({}, throws);
  host.features_async(1, throws);
  CAF_CHECK(wait_until([&] { return called == 8; }));
  CAF_CHECK_EQUAL(log.warnings("a callback of the host threw"), 1);
  CAF_CHECK(host.symbols_sync(market::spot, 5s).table);
}

CAF_TEST_FIXTURE_SCOPE_END()

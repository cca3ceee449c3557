// What the options about believing the exchange do in a whole engine.
#define CAF_SUITE gate_options

#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/engine.hpp"
#include "tests/support/engine_host.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;
using host = test::engine_host;

namespace {

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{.spot_symbols = 300, .futures_symbols = 60}};

  void configure(engine_config& config, std::vector<std::string> options, const std::string& state = "state") const {
    const auto url = exchange.url();
    for (const auto& one : {"--store=embedded", "--spot-ttl=500ms", "--futures-ttl=500ms", "--spot-warmup-interval=0",
                            "--futures-warmup-interval=0", "--fetch-timeout=5s"})
      options.emplace_back(one);
    options.push_back("--state-dir=" + folder.file(state));
    options.push_back("--spot-urls=" + url);
    options.push_back("--futures-urls=" + url);
    const auto wrong = config.parse(std::move(options));
    CAF_REQUIRE_EQUAL(wrong.text(), "");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(gate_options_tests, fixture)

CAF_TEST(keep percent min says how much of a list may vanish and keep gone for how long it can be priced) {
  struct {
    std::vector<std::string> options;
    bool believed;
    bool priced;
  } const cases[]{{{}, false, true},
                  {{"--keep-percent-min=60"}, false, true},
                  {{"--keep-percent-min=40"}, true, true},
                  {{"--keep-percent-min=40", "--keep-gone=0"}, true, false}};
  int number = 0;
  for (const auto& one : cases) {
    exchange.set_fault(market::spot, exchange_fault::none);
    engine_config config;
    configure(config, one.options, "state" + std::to_string(++number));
    host asking{config};
    const auto whole = asking.front.symbols_sync(market::spot, 5s).table;
    CAF_REQUIRE(whole);
    exchange.set_fault(market::spot, exchange_fault::half_gone);
    auto half = one.believed ? asking.ask_fresh(market::spot) : asking.ask_again(market::spot);
    if (one.believed)
      half = asking.ask_fresh(market::spot); // what is not kept is gone with the second list that lacks it
    CAF_REQUIRE(half.table);
    CAF_CHECK_EQUAL(half.stale, !one.believed);
    CAF_CHECK_EQUAL(half.table->size() == whole->size(), one.priced);
    CAF_CHECK_EQUAL(half.table->trading_count() < whole->trading_count() * 6 / 10, one.believed);
    CAF_CHECK(wait_until([&] { return asking.facts(market::spot).refused.has_value() != one.believed; }));
    const auto refused = asking.facts(market::spot).refused;
    if (refused)
      CAF_CHECK(refused->verdict.reason == gate_reason::shrunk);
  }
}

CAF_TEST(a list without a pinned symbol of its market is refused until an operator accepts it and that survives a restart) {
  engine_config config;
  configure(config, {"--spot-pinned=BTCUSDT,NEVERUSDT", "--futures-pinned=NOFUTUREUSDT"});
  {
    host asking{config};
    for (const auto which : all_markets) {
      CAF_CHECK(asking.front.symbols_sync(which, 5s).table == nullptr);
      const auto refused = asking.facts(which).refused;
      CAF_REQUIRE(refused);
      CAF_CHECK(refused->verdict.reason == gate_reason::pinned_missing);
      CAF_CHECK(refused->verdict.detail.find(which == market::spot ? "NEVERUSDT" : "NOFUTUREUSDT") != std::string::npos);
    }
    CAF_CHECK(asking.front.accept_refused(market::spot).accepted);
    const auto accepted = boot_clock::now();
    CAF_CHECK(wait_until([&] { // the pause after what was refused may go on
      const auto reply = asking.ask_again(market::spot);
      return !reply.stale && *reply.age < boot_clock::now() - accepted;
    }));
    CAF_CHECK(asking.facts(market::spot).refusals == 1u);
    CAF_CHECK(!asking.facts(market::spot).refused);
    CAF_CHECK(asking.facts(market::futures).refused);
  }
  engine_config again;
  configure(again, {"--spot-pinned=BTCUSDT,NEVERUSDT", "--futures-pinned=NOFUTUREUSDT"});
  host next{again};
  CAF_CHECK(!next.ask_fresh(market::spot).stale);
  CAF_CHECK(!next.facts(market::spot).refused);
  CAF_CHECK(next.front.symbols_sync(market::futures, 5s).table == nullptr);
}

CAF_TEST(an empty list that was refused is told and nobody can accept it) {
  engine_config config;
  configure(config, {});
  host asking{config};
  CAF_REQUIRE(asking.front.symbols_sync(market::spot, 5s).table);
  exchange.set_fault(market::spot, exchange_fault::empty_list);
  CAF_CHECK(asking.ask_again(market::spot).stale);
  // A fetch may take longer than the answer.
  CAF_CHECK(wait_until([&] { return asking.facts(market::spot).refused.has_value(); }));
  const auto refused = asking.facts(market::spot).refused;
  CAF_REQUIRE(refused);
  CAF_CHECK(refused->verdict.reason == gate_reason::empty);
  const auto answer = asking.front.accept_refused(market::spot);
  CAF_CHECK(!answer.accepted);
  CAF_CHECK(answer.detail.find("empty") != std::string::npos);
  CAF_CHECK(!asking.front.symbols_sync(market::spot, 5s).table->listed().empty());
}

CAF_TEST(weight percent max says which share of the exchanges limit is ours) {
  engine_config config;
  configure(config, {"--weight-percent-max=1"}); // 60 of 6000, and a list costs 20
  host asking{config};
  std::optional<boot_time> yielding;
  for (int i = 0; i < 12 && !yielding; ++i) { // the exchange's minute may turn once
    CAF_CHECK(asking.ask_again(market::spot).table != nullptr);
    yielding = asking.front.status().embargo_until[index(market::spot)];
  }
  CAF_REQUIRE(yielding);
  CAF_CHECK(asking.front.status().embargo_cause_of[index(market::spot)] == embargo_cause::own_share);
  CAF_CHECK(asking.facts(market::spot).weight_limit == 6000);
  CAF_CHECK(asking.facts(market::spot).used_weight > 60);
  CAF_CHECK_EQUAL(exchange.forbidden_requests(market::spot), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE exchange_faults

#include <atomic>
#include <memory>
#include <optional>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/engine.hpp"
#include "tests/support/engine_host.hpp"
#include "tests/support/runtime_redis_server.hpp"
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
  simulated_exchange exchange{{0, 1, 300, 60, {}}};

  void prepare(engine_config& config, const std::string& state = "state") const {
    config.state_dir = folder.file(state);
    config.spot_urls = config.futures_urls = {exchange.url() + '/'};
    config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
    config.spot_ttl = 1ms; // every read asks
    config.flush_interval = 20ms;
    config.fetch_timeout = 5s;
    config.max_response_bytes = 8u << 20;
  }
  std::uint64_t asked(market which = market::spot) const { return exchange.requests(which); }
};

// The cache waits one second for a fetch where it has an older table; the rest is for a busy machine.
constexpr auto longest_read = 4s;

} // namespace

CAF_TEST_FIXTURE_SCOPE(exchange_faults_tests, fixture)

CAF_TEST(whatever the exchange does to one market its last good is answered in time and the other market is fine) {
  using enum exchange_fault;
  std::size_t good_size = 0;
  {
    engine_config config;
    prepare(config);
    host one{config};
    const auto first = one.front.symbols_sync(market::spot, 10s);
    CAF_REQUIRE(first.table);
    good_size = first.table->listed().size();
  }
  for (const auto fault : {server_error, bad_gateway, firewall, blocked, hang, hang_in_body, reset, truncated, cut_without_length,
                           bomb, html, empty_object, error_body, empty_list, five_symbols, half_gone, zero_ticks, time_back,
                           trickle, too_many, banned_body, banned}) {
    CAF_MESSAGE(std::string{to_string(fault)});
    exchange.set_fault(market::spot, fault, fault == banned ? 3600s : 1s);
    const auto before = asked();
    engine_config config;
    prepare(config);
    if (fault == hang || fault == hang_in_body || fault == trickle)
      config.fetch_timeout = 600ms;
    host one{config};
    const auto begin = boot_clock::now();
    const auto reply = one.front.symbols_sync(market::spot);
    CAF_CHECK(boot_clock::now() - begin < longest_read);
    CAF_REQUIRE(reply.table);
    CAF_CHECK(reply.stale);
    CAF_CHECK(reply.source == symbols_source::last_good);
    CAF_CHECK_EQUAL(reply.table->listed().size(), good_size);
    // Of the embargo before it, as a new process reads it, up to a second may be left.
    CAF_CHECK(wait_until([&] { return one.front.symbols_sync(market::spot).table && asked() > before; }));
    CAF_CHECK(wait_until([&] {
      const auto other = one.front.symbols_sync(market::futures);
      return other.table && !other.stale;
    }));
    for (int i = 0; i < 200; ++i)
      CAF_CHECK(one.front.symbols_sync(market::spot).table != nullptr);
    CAF_CHECK(asked() - before <= 6); // five failures open the circuit
    CAF_CHECK_EQUAL(exchange.forbidden_requests(market::spot), 0u);
    if (fault == too_many || fault == banned_body)
      CAF_CHECK(wait_until([&] { return !one.front.status().embargo_until[index(market::spot)]; }));
  }
}

CAF_TEST(what is only odd is taken and the unknown is counted) {
  using enum exchange_fault;
  engine_config config;
  prepare(config);
  config.spot_ttl = 500ms;
  host one{config};
  for (const auto fault : {unknown_names, bad_symbol, invalid_text, close_kept, too_large, none}) {
    CAF_MESSAGE(std::string{to_string(fault)});
    exchange.set_fault(market::spot, fault);
    const auto reply = one.ask_fresh(market::spot);
    CAF_REQUIRE(reply.table);
    CAF_CHECK(!reply.stale);
    CAF_CHECK(reply.table->find("BTCUSDT"));
    CAF_CHECK(reply.table->find("币安人生USDT"));
  }
  CAF_CHECK(one.front.flush(10s));
  CAF_CHECK_EQUAL(one.front.get_int_sync("metrics:schema_unknown:status.STATUS_OF_TOMORROW", 10s), 1);
  CAF_CHECK_EQUAL(one.front.get_int_sync("metrics:schema_unknown:filter.FILTER_OF_TOMORROW", 10s), 1);
  CAF_CHECK_EQUAL(one.front.get_int_sync("metrics:schema_unknown:field.fieldOfTomorrow", 10s), 1);
  const auto facts = one.front.status().exchange[index(market::spot)];
  CAF_CHECK(facts.unknown.size() >= 3u);
  CAF_CHECK(facts.without_permission_sets);
}

CAF_TEST(a thousand readers of a failing exchange are one fetch and all are answered) {
  engine_config config;
  prepare(config);
  config.fetch_timeout = 1s; // time enough for all to ask while it hangs
  host one{config};
  CAF_REQUIRE(one.front.symbols_sync(market::spot, 10s).table);
  auto view = one.front.symbols(market::spot);
  CAF_REQUIRE(wait_until([&] { return view.stale(); }));
  for (const auto fault : {exchange_fault::hang, exchange_fault::server_error}) {
    exchange.set_fault(market::spot, fault);
    // The backoff of the fault before is over.
    CAF_CHECK(wait_until([&] { return !one.front.status().supervisor.fetchers[0].forbidden_until; }));
    const auto before = asked();
    std::atomic<int> answered{0};
    std::atomic<int> good{0};
    const auto begin = boot_clock::now();
    for (int i = 0; i < 1000; ++i)
      one.front.symbols_async(market::spot, [&](const symbols_reply& reply) {
        good += reply.table && reply.stale ? 1 : 0;
        ++answered;
      });
    CAF_CHECK(wait_until([&] { return answered == 1000; }));
    CAF_CHECK(boot_clock::now() - begin < longest_read);
    CAF_CHECK_EQUAL(good.load(), 1000);
    CAF_CHECK(asked() - before <= (fault == exchange_fault::hang ? 2u : 5u)); // five failures open the circuit
  }
}

CAF_TEST(spot answers while futures is down and the other way round) {
  for (const auto down : all_markets) {
    const auto up = down == market::spot ? market::futures : market::spot;
    test::temporary_folder own;
    engine_config config;
    prepare(config);
    config.state_dir = own.file("state");
    config.fetch_timeout = 1s;
    exchange.set_fault(down, exchange_fault::hang);
    host one{config};
    CAF_CHECK(one.front.symbols_sync(up, 10s).table != nullptr);
    const auto nothing = one.front.symbols_sync(down, 10s);
    CAF_CHECK(!nothing.table);
    CAF_CHECK(nothing.error == fault::no_data);
    exchange.set_fault(down, exchange_fault::none);
    CAF_CHECK(wait_until([&] { return one.front.symbols_sync(down).table != nullptr; }));
  }
}

CAF_TEST(used weight above our share yields before the exchange has to say anything) {
  simulated_exchange_options options;
  options.spot_symbols = 60;
  options.weight_limits = {400, 2400};
  simulated_exchange small{options};
  engine_config config;
  prepare(config);
  config.spot_urls = {small.url()};
  host one{config};
  const auto until_it_yields = [&] {
    std::optional<boot_time> yielding;
    for (int i = 0; i < 60 && !yielding; ++i) {
      CAF_CHECK(one.ask_again(market::spot).table != nullptr);
      yielding = one.front.status().embargo_until[index(market::spot)];
    }
    CAF_REQUIRE(yielding);
    return *yielding;
  };
  // The weight is that of a minute: where it ends while we look, we look again.
  bool seen_whole = false;
  for (int look = 0; look < 3 && !seen_whole; ++look) {
    const auto yielding = until_it_yields();
    const auto before = small.requests(market::spot);
    const auto reply = one.ask_again(market::spot);
    const auto after = small.requests(market::spot);
    const auto status = one.front.status();
    seen_whole = boot_clock::now() < yielding;
    if (!seen_whole)
      continue;
    CAF_CHECK(status.embargo_cause_of[index(market::spot)] == embargo_cause::own_share);
    CAF_CHECK(reply.table && reply.stale);
    CAF_CHECK_EQUAL(after, before);
    CAF_CHECK(status.exchange[index(market::spot)].weight_limit == 400);
    CAF_CHECK(status.exchange[index(market::spot)].used_weight > 320);
  }
  CAF_CHECK(seen_whole);
  CAF_CHECK_EQUAL(small.forbidden_requests(market::spot), 0u);
}

CAF_TEST(a key that is refused is shown and not sent again while the public path serves) {
  engine_config config;
  prepare(config);
  config.spot_ttl = 500ms;
  config.api_key = "planted-key";
  exchange.set_fault(market::spot, exchange_fault::bad_key_format);
  host one{config};
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(one.ask_fresh(market::spot).source == symbols_source::public_api);
  CAF_CHECK_EQUAL(exchange.requests_with_key(market::spot), 1u);
  const auto facts = one.front.status().exchange;
  CAF_CHECK(facts[0].key_refused_until);
  CAF_CHECK(facts[0].key_refusal.find("-2014") != std::string::npos);
  CAF_CHECK(one.front.symbols_sync(market::futures, 10s).source == symbols_source::private_api);
  CAF_CHECK(!facts[1].key_refused_until);
}

CAF_TEST(a restart during a ban makes no request and a sibling with the same folder obeys) {
  exchange.set_fault(market::spot, exchange_fault::banned, 3600s);
  engine_config config;
  prepare(config);
  host first{config};
  CAF_CHECK(!first.front.symbols_sync(market::spot, 10s).table);
  CAF_CHECK_EQUAL(asked(), 1u);
  for (int i = 0; i < 2; ++i) {
    engine_config again;
    prepare(again);
    host sibling{again};
    CAF_CHECK(!sibling.front.symbols_sync(market::spot, 10s).table);
    CAF_CHECK(sibling.front.symbols_sync(market::futures, 10s).table);
  }
  CAF_CHECK_EQUAL(asked(), 1u);
}

CAF_TEST(a sibling of this machine with its own folder learns of the ban through redis) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  engine_config config;
  prepare(config);
  config.redis_url = redis.url();
  engine_config other_config;
  prepare(other_config, "other");
  config.spot_ttl = other_config.spot_ttl = 20ms;
  other_config.redis_url = redis.url();
  host other{other_config}; // runs already
  CAF_REQUIRE(other.front.symbols_sync(market::spot, 10s).table);
  exchange.set_fault(market::spot, exchange_fault::banned, 3600s);
  const auto before = asked();
  host first{config};
  CAF_CHECK(wait_until([&] {
    first.ask_again(market::spot);
    return asked() > before;
  }));
  CAF_CHECK(wait_until([&] { return redis.command({"KEYS", "holdfast:embargo:spot:*"}).elements.size() == 1; }));
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(other.ask_again(market::spot).table != nullptr);
  CAF_CHECK(other.front.status().embargo_until[index(market::spot)]);
  CAF_CHECK_EQUAL(asked(), before + 1);
}

CAF_TEST_FIXTURE_SCOPE_END()

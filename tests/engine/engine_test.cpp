#define CAF_SUITE engine

#include "engine/engine.hpp"

#include <memory>
#include <optional>
#include <thread>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "config/keys.hpp"
#include "runtime/symbol_list.hpp"
#include "tests/support/engine_host.hpp"
#include "tests/support/runtime_recordings.hpp"
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

  void prepare(engine_config& config, const test::redis_server* redis = nullptr) {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
    config.flush_interval = 20ms;
    config.fetch_timeout = 2s;
    if (redis)
      config.redis_url = redis->url();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_tests, fixture)

CAF_TEST(the first read is a miss and the next ten are hits) {
  engine_config config;
  prepare(config);
  host one{config};
  const auto first = one.front.symbols_sync(market::spot, 10s);
  CAF_REQUIRE(first.table != nullptr);
  CAF_CHECK(first.source == symbols_source::public_api);
  CAF_CHECK(!first.stale);
  for (int i = 0; i < 10; ++i)
    one.front.symbols_sync(market::spot);
  CAF_CHECK(one.front.flush(10s));
  CAF_CHECK_EQUAL(one.front.get_int_sync(keys::cache_hit(market::spot), 10s), 10);
  CAF_CHECK_EQUAL(one.front.get_int_sync(keys::cache_miss(market::spot), 10s), 1);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 1u);
}

CAF_TEST(a start with everything dead answers from the state folder marked stale) {
  {
    engine_config config;
    prepare(config);
    host one{config};
    CAF_REQUIRE(one.front.symbols_sync(market::spot, 10s).table != nullptr);
  }
  engine_config config;
  prepare(config);
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  config.spot_ttl = 1ms;
  host next{config};
  auto view = next.front.symbols(market::spot);
  CAF_CHECK(view.find("BTCUSDT") == nullptr); // of another exchange: not believed
  config.spot_urls = config.futures_urls = {exchange.url()};
  exchange.set_fault(market::spot, exchange_fault::server_error);
  host same{config};
  auto known = same.front.symbols(market::spot);
  CAF_CHECK(known.find("BTCUSDT") != nullptr);
  CAF_CHECK(known.stale());
  const auto reply = same.front.symbols_sync(market::spot);
  CAF_CHECK(reply.table != nullptr);
  CAF_CHECK(reply.stale);
  CAF_CHECK(reply.source == symbols_source::last_good);
}

CAF_TEST(every fault of the exchange is answered with last good and few calls) {
  engine_config config;
  prepare(config);
  config.spot_ttl = 1ms;
  config.fetch_timeout = 500ms;
  host one{config};
  CAF_REQUIRE(one.front.symbols_sync(market::spot).table != nullptr);
  using enum exchange_fault;
  for (const auto fault : {server_error, html, reset, truncated, empty_object, empty_list, five_symbols, hang, banned}) {
    exchange.set_fault(market::spot, fault);
    const auto before = exchange.requests(market::spot);
    for (int i = 0; i < 20; ++i) {
      const auto reply = one.front.symbols_sync(market::spot);
      CAF_CHECK(reply.table != nullptr);
      CAF_CHECK(reply.table && reply.table->listed().size() > 30);
    }
    CAF_CHECK(exchange.requests(market::spot) - before <= 6);
  }
  exchange.set_fault(market::spot, none);
}

CAF_TEST(a thousand readers at once are one fetch) {
  engine_config config;
  prepare(config);
  host one{config};
  std::vector<std::thread> readers;
  std::atomic<int> answered{0};
  for (int t = 0; t < 50; ++t)
    readers.emplace_back([&] {
      for (int i = 0; i < 20; ++i)
        answered += one.front.symbols_sync(market::futures, 10s).table ? 1 : 0;
    });
  for (auto& reader : readers)
    reader.join();
  CAF_CHECK_EQUAL(answered.load(), 1000);
  CAF_CHECK_EQUAL(exchange.requests(market::futures), 1u);
}

CAF_TEST(a key is sent and the public path serves when it is refused) {
  engine_config config;
  prepare(config);
  config.api_key = "planted-key";
  exchange.set_fault(market::spot, exchange_fault::bad_key);
  host one{config};
  CAF_CHECK(one.front.symbols_sync(market::spot, 10s).source == symbols_source::public_api);
  CAF_CHECK_EQUAL(exchange.requests_with_key(market::spot), 1u);
  CAF_CHECK(one.front.symbols_sync(market::futures, 10s).source == symbols_source::private_api);
}

CAF_TEST(counters reach redis exactly through kills) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  engine_config config;
  prepare(config, &redis);
  host one{config};
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> counted{0};
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t)
    writers.emplace_back([&] {
      const auto handle = one.front.counter("metrics:test:kills");
      while (!stop) {
        handle.incr();
        ++counted;
      }
    });
  for (int i = 0; i < 5; ++i) {
    const auto seen = redis.get("metrics:test:kills");
    CAF_CHECK(wait_until([&] { return redis.get("metrics:test:kills") != seen; }));
    redis.kill();
    redis.start();
  }
  redis.command({"FLUSHALL"});
  stop = true;
  for (auto& writer : writers)
    writer.join();
  CAF_CHECK(wait_until([&] { return redis.get("metrics:test:kills") == std::to_string(counted.load()); }));
  redis.command({"INCRBY", "metrics:test:kills", "5"});
  CAF_CHECK(wait_until([&] { return one.front.get_int_sync("metrics:test:kills") == counted + 5; }));
}

CAF_TEST(what we write to redis is what the contract says) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  engine_config config;
  prepare(config, &redis);
  host one{config};
  const auto list = one.front.symbols_sync(market::spot, 10s).table->list_json();
  CAF_CHECK(wait_until([&] { return redis.get("cache:symbols:spot:last_good") == list; }));
  CAF_CHECK(redis.get("cache:symbols:spot:v1") == list);
  const auto ttl = redis.command({"TTL", "cache:symbols:spot:v1"}).integer;
  CAF_CHECK(ttl > 290 && ttl <= 300);
  CAF_CHECK_EQUAL(redis.command({"TTL", "cache:symbols:spot:last_good"}).integer, -1);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()).time_since_epoch().count();
  CAF_CHECK(now - std::stoll(redis.get("metrics:spot_symbols_cache:last_refresh_ts")) < 20);
}

CAF_TEST(a bare array of another program is understood) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  redis.command({"SET", "cache:symbols:spot:v1",
                 R"([{"symbol":"币安人生USDT","baseAsset":"币安人生","quoteAsset":"USDT","status":"TRADING"}])", "EX", "100"});
  engine_config config;
  prepare(config, &redis);
  host one{config};
  const auto reply = one.front.symbols_sync(market::spot, 10s);
  CAF_REQUIRE(reply.table != nullptr);
  CAF_CHECK(reply.source == symbols_source::cache);
  CAF_CHECK(reply.table->find("币安人生USDT") != nullptr);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 0u);
}

CAF_TEST(a frozen redis delays nobody past the deadline) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  engine_config config;
  prepare(config, &redis);
  host one{config};
  CAF_REQUIRE(one.front.symbols_sync(market::spot, 10s).table != nullptr);
  redis.freeze();
  one.front.incr("metrics:test:frozen", 3);
  CAF_CHECK(!one.front.flush(300ms));
  CAF_CHECK(one.front.symbols_sync(market::spot).table != nullptr);
  CAF_CHECK_EQUAL(one.front.read("metrics:test:frozen", 300ms).value, 3);
  redis.thaw();
  CAF_CHECK(wait_until([&] { return redis.get("metrics:test:frozen") == "3"; }));
}

CAF_TEST(json values go through the store and fail open) {
  engine_config config;
  prepare(config);
  host one{config};
  CAF_CHECK(!one.front.read_json("cache:x"));
  CAF_CHECK(one.front.write_json("cache:x", "{\"a\":1}", 300s));
  CAF_CHECK_EQUAL(one.front.read_json("cache:x").value_or(""), "{\"a\":1}");
}

CAF_TEST(two engines in one process count apart into one store) {
  engine_config config;
  prepare(config);
  host one{config};
  host two{config};
  one.front.incr("metrics:test:two", 1);
  two.front.incr("metrics:test:two", 2);
  CAF_CHECK(one.front.flush(10s));
  CAF_CHECK(two.front.flush(10s));
  CAF_CHECK_EQUAL(one.front.get_int_sync("metrics:test:two", 10s), 3);
}

CAF_TEST_FIXTURE_SCOPE_END()

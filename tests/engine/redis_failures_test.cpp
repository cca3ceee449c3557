#define CAF_SUITE engine_redis_failures

#include "engine/engine.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_resp_peer.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

constexpr auto key = "metrics:test:failures";

// What a slow machine may add to any deadline.
constexpr auto slack = 1500ms;

struct fixture {
  test::captured_log log;
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};
  test::redis_server redis;
  std::atomic<bool> garbage{false};
  test::resp_peer peer{redis.socket(), {[this](const std::string&) {
                                          test::misdeed one;
                                          if (garbage)
                                            one = {.kind = test::misdeed_kind::say, .text = "HTTP/1.1 400 Bad Request\r\n\r\n"};
                                          return one;
                                        },
                                        {}}};
  engine_config config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<engine> front;
  std::atomic<std::int64_t> counted{0};

  void start() {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
    config.futures_ttl = 1ms; // never fresh: every read goes all the way
    config.flush_interval = 20ms;
    config.redis_url = peer.url();
    config.redis_connect_timeout = config.redis_command_timeout = 1s;
    system = std::make_unique<caf::actor_system>(config);
    front = std::make_unique<engine>(*system);
    CAF_REQUIRE(front->symbols_sync(market::spot, 10s).table != nullptr);
    count(1);
    CAF_REQUIRE(wait_until([&] { return redis.get(key) == "1"; }));
  }
  ~fixture() {
    redis.thaw();
    front.reset();
  }

  void count(std::int64_t amount) {
    front->incr(key, amount);
    counted += amount;
  }
  // No call may take longer than its deadline.
  template <class Call>
  void in_time(std::chrono::milliseconds deadline, Call call) {
    const auto began = boot_clock::now();
    call();
    CAF_CHECK(boot_clock::now() - began < deadline + slack);
  }

  // Reads and counts while Redis is what `breaks` made of it; then everything is there once it is what it was.
  void survives(const std::function<void()>& breaks, const std::function<void()>& mends, bool link_breaks = true) {
    start();
    breaks();
    auto view = front->symbols(market::spot);
    const auto end = boot_clock::now() + 1s;
    while (boot_clock::now() < end) {
      count(3);
      CAF_CHECK(view.find("BTCUSDT") != nullptr);
      in_time(0ms, [&] { CAF_CHECK(front->symbols_sync(market::spot).table != nullptr); });
      in_time(2000ms, [&] { CAF_CHECK(front->symbols_sync(market::futures, 2s).table != nullptr); });
      in_time(100ms, [&] { CAF_CHECK(front->read(key, 100ms).value >= 1); });
      in_time(50ms, [&] { CAF_CHECK(!front->flush(50ms)); });
    }
    CAF_CHECK(!link_breaks || wait_until([&] { return !front->status().store.up; }));
    mends();
    CAF_CHECK(wait_until([&] { return redis.get(key) == std::to_string(counted.load()); }));
    CAF_CHECK(wait_until([&] { return front->get_int_sync(key) == counted; }));
    CAF_CHECK(front->flush(5s));
    CAF_CHECK_EQUAL(log.warnings("redis link failed"), 1);
    CAF_CHECK(log.warnings("redis link still fails") <= 2);
    CAF_CHECK_EQUAL(log.count(spdlog::level::info, "redis link works again"), 1);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_redis_failures_tests, fixture)

CAF_TEST(redis is killed and started again) {
  survives([&] { redis.kill(); }, [&] { redis.start(); });
}

CAF_TEST(redis is frozen and goes on) {
  survives([&] { redis.freeze(); }, [&] { redis.thaw(); });
}

CAF_TEST(redis is given a password and it is taken away) {
  survives(
    [&] {
      redis.ask({"CONFIG", "SET", "requirepass", "secret"});
      peer.cut_all();
    },
    [&] {
      auto url = *redis_url::parse(redis.url());
      url.password = "secret";
      auto client = redis_client::connect(url, boot_clock::now() + 5s);
      CAF_REQUIRE(client.has_value());
      const std::vector<redis_command> commands{{"CONFIG", "SET", "requirepass", ""}};
      CAF_CHECK((*client)->run(commands, boot_clock::now() + 5s).has_value());
    });
}

CAF_TEST(redis is filled up and emptied of its bound) {
  survives([&] { redis.ask({"CONFIG", "SET", "maxmemory", "1"}); }, [&] { redis.ask({"CONFIG", "SET", "maxmemory", "0"}); },
           false);
}

CAF_TEST(redis is made read only and writable again) {
  survives([&] { redis.ask({"REPLICAOF", "127.0.0.1", "1"}); }, [&] { redis.ask({"REPLICAOF", "NO", "ONE"}); }, false);
}

CAF_TEST(redis is replaced by garbage and comes back) {
  survives([&] { garbage = true; }, [&] { garbage = false; });
}

CAF_TEST(counters pass while five megabytes do not) {
  start();
  CAF_REQUIRE(front->write_json("cache:big", std::string(100'000, 'x'), 0s));
  peer.next({.kind = test::misdeed_kind::stall, .seen = "cache:big"});
  std::thread slow{[&] { front->write_json("cache:big", std::string(5u << 20, 'y'), 0s, 2s); }};
  for (int i = 0; i < 20; ++i) {
    count(1);
    CAF_CHECK(front->flush(5s));
    CAF_CHECK_EQUAL(redis.get(key), std::to_string(counted.load()));
  }
  CAF_CHECK_EQUAL(redis.ask({"STRLEN", "cache:big"}), "100000");
  slow.join();
}

CAF_TEST(the engine stops in time before a frozen redis and the next one brings what it counted) {
  start();
  redis.freeze();
  count(5);
  const auto began = boot_clock::now();
  front.reset();
  system.reset();
  CAF_CHECK(boot_clock::now() - began < 3s + slack);
  redis.thaw();
  system = std::make_unique<caf::actor_system>(config);
  front = std::make_unique<engine>(*system);
  CAF_CHECK(wait_until([&] { return redis.get(key) == "6"; }));
}

CAF_TEST_FIXTURE_SCOPE_END()

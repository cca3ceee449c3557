// A Redis that was away comes back to many processes at once.
#define CAF_SUITE engine_redis_return

#include "engine/engine.hpp"

#include <memory>
#include <vector>

#include <caf/actor_system.hpp>
#include <poll.h>

#include "tests/support/counting_process.hpp"
#include "tests/support/runtime_redis_proxy.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

constexpr int engines = 20;
constexpr int keys = 10;
constexpr int rounds = 30;

std::string key_of(int number) { return "metrics:test:return" + std::to_string(number); }

struct host {
  host(const std::string& url, const std::string& state) : config{std::make_unique<engine_config>()} {
    test::prepare_counting(*config, url, state);
    config->set("scheduler.max-threads", 1u);
    system = std::make_unique<caf::actor_system>(*config);
    front = std::make_unique<engine>(*system);
  }
  std::unique_ptr<engine_config> config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<engine> front;
};

} // namespace

CAF_TEST(twenty engines bring a redis that returns each counter in a few merges and do not fall upon it) {
  if (!test::redis_server::installed())
    return;
  const test::temporary_folder folder;
  test::redis_server redis;
  test::redis_proxy proxy{redis.socket(), 5}; // sees every connection that is tried
  std::vector<host> hosts;
  for (int i = 0; i < engines; ++i)
    hosts.emplace_back(proxy.url(), folder.file("state" + std::to_string(i)));
  for (auto& one : hosts)
    for (int key = 0; key < keys; ++key)
      one.front->incr(key_of(key));
  CAF_REQUIRE(wait_until([&] { return redis.get(key_of(0)) == std::to_string(engines); }, 60s));
  for (auto& one : hosts)
    CAF_CHECK(one.front->flush(30s));

  redis.kill();
  const auto before = proxy.connections();
  for (int round = 0; round < rounds; ++round) {
    for (auto& one : hosts)
      for (int key = 0; key < keys; ++key)
        one.front->incr(key_of(key));
    ::poll(nullptr, 0, 100);
  }
  // Three connections each, tried again with backoff and jitter: not once per flush, of which there were hundreds.
  CAF_CHECK(proxy.connections() - before < static_cast<std::size_t>(engines) * 3 * 12);

  redis.start();
  redis.ask({"CONFIG", "RESETSTAT"});
  const auto whole = std::to_string(engines * (rounds + 1));
  for (int key = 0; key < keys; ++key)
    CAF_CHECK(wait_until([&] { return redis.get(key_of(key)) == whole; }, 60s));
  for (auto& one : hosts)
    CAF_CHECK(one.front->flush(30s));
  // What piled up in rounds goes as one sum: rows are verified and merged in batches, none per increment.
  const auto stats = redis.ask({"INFO", "commandstats"});
  const auto at = stats.find("cmdstat_incrby:calls=");
  const auto merges = at == std::string::npos ? 0 : std::stol(stats.substr(stats.find('=', at) + 1));
  CAF_MESSAGE(merges);
  CAF_CHECK(merges >= keys);
  CAF_CHECK(merges <= engines * keys * 3L);
}

// Real servers that refuse: what they say is heard, nothing is tried hot, and all goes on when they stop refusing.
#define CAF_SUITE engine_redis_refusals

#include "engine/engine.hpp"

#include <memory>

#include <caf/actor_system.hpp>

#include "tests/support/counting_process.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

constexpr auto key = "metrics:test:refused";

struct fixture {
  test::captured_log log;
  test::temporary_folder folder;
  engine_config config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<engine> front;

  void start(const std::string& url) {
    test::prepare_counting(config, url, folder.file("state"));
    system = std::make_unique<caf::actor_system>(config);
    front = std::make_unique<engine>(*system);
  }
  ~fixture() {
    front.reset();
    system.reset();
  }
};

// How often a server has refused with this error.
long refusals(const test::redis_server& redis, const std::string& error) {
  const auto info = redis.ask({"INFO", "errorstats"});
  const auto at = info.find("errorstat_" + error + ":count=");
  return at == std::string::npos ? 0 : std::stol(info.substr(info.find('=', at) + 1));
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_redis_refusals_tests, fixture)

CAF_TEST(a cluster without slots is left alone until it has them) {
  if (!test::redis_server::installed())
    return;
  test::redis_server redis{{.durable = false, .with_port = true, .arguments = {"--cluster-enabled", "yes"}}};
  start(redis.url());
  front->incr(key, 5);
  CAF_CHECK(wait_until([&] { return refusals(redis, "CLUSTERDOWN") > 0; }));
  const auto end = boot_clock::now() + 2s;
  while (boot_clock::now() < end) {
    CAF_CHECK(!front->read_json("cache:x", 10ms));
    CAF_CHECK_EQUAL(front->read(key, 500ms).value, 5);
  }
  CAF_CHECK(refusals(redis, "CLUSTERDOWN") < 100);
  CAF_CHECK_EQUAL(redis.ask({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}), "OK");
  CAF_CHECK(wait_until([&] { return redis.ask({"CLUSTER", "INFO"}).starts_with("cluster_state:ok"); }));
  CAF_CHECK(wait_until([&] { return front->write_json("cache:x", "1", 10s); }));
  CAF_CHECK(log.warnings("redis link failed") <= 2);
}

CAF_TEST(a server that loads what it had is left alone until it is done) {
  if (!test::redis_server::installed())
    return;
  test::redis_server redis{{.durable = true, .may_load = true, .arguments = {"--key-load-delay", "500"}}};
  redis.ask({"EVAL", "for i = 1, 6000 do redis.call('SET', 'filler:' .. i, i) end", "0"});
  start(redis.url());
  front->incr(key, 5);
  CAF_CHECK(wait_until([&] { return redis.get(key) == "5"; }));
  redis.kill();
  front->incr(key, 2);
  redis.start();
  CAF_CHECK(redis.ask({"GET", key}).starts_with("LOADING"));
  CAF_CHECK_EQUAL(front->read(key, 500ms).value, 7);
  CAF_CHECK(wait_until([&] { return redis.get(key) == "7"; }, 30s));
  CAF_CHECK(refusals(redis, "LOADING") < 200);
  CAF_CHECK(front->flush(5s));
}

CAF_TEST(scripts that are forgotten under traffic cost nothing) {
  if (!test::redis_server::installed())
    return;
  test::redis_server redis{{.durable = false}};
  start(redis.url());
  for (int i = 0; i < 200; ++i) {
    redis.ask({"SCRIPT", "FLUSH"});
    front->incr(key);
    if (i % 10 == 0)
      CAF_CHECK(front->flush(5s));
  }
  CAF_CHECK(front->flush(5s));
  CAF_CHECK_EQUAL(redis.get(key), "200");
  CAF_CHECK(refusals(redis, "NOSCRIPT") > 0);
  CAF_CHECK_EQUAL(log.warnings("redis link failed"), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()

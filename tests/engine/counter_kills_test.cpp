// Processes that are killed while they count: whoever comes next on their state folder brings what they counted, once.
#define CAF_SUITE counter_kills

#include <filesystem>
#include <random>

#include <caf/actor_system.hpp>

#include "tests/support/counting_process.hpp"
#include "tests/support/engine_host.hpp"
#include "tests/support/runtime_redis_proxy.hpp"
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
  test::shared_tally tally{folder.file("tally")};
  std::mt19937 random{7};
  std::string state = folder.file("state");

  void pause(int least_ms, int most_ms) {
    ::poll(nullptr, 0, std::uniform_int_distribution<int>{least_ms, most_ms}(random));
  }
  std::unique_ptr<test::counting_process> start(const std::string& url) {
    const auto before = tally->running.load();
    auto process = std::make_unique<test::counting_process>(url, state, tally.path());
    CAF_CHECK(wait_until([&] { return tally->running > before; }));
    return process;
  }
  // An heir on the same folder brings everything; what was begun and not finished may be there or not.
  void check_inherited(const test::redis_server& redis, const std::string& url, const std::string& folder_of_heir) {
    engine_config config;
    test::prepare_counting(config, url, folder_of_heir);
    host heir{config};
    CAF_CHECK(wait_until([&] { return heir.front.flush(2s) && heir.front.status().counters.adopting_ledgers == 0; }));
    check_tally(redis);
    CAF_CHECK_EQUAL(heir.front.status().counters.ambiguous_merges, 0u);
  }
  void check_tally(const test::redis_server& redis) {
    for (unsigned key = 0; key < test::counting_keys; ++key) {
      const auto text = redis.get(test::counting_key(key));
      const auto value = text.empty() ? 0 : std::stoull(text);
      CAF_CHECK(value >= tally.finished(key));
      CAF_CHECK(value <= tally.begun(key));
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(counter_kills_tests, fixture)

CAF_TEST(fifty kills lose and double nothing) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis{{.durable = false}};
  test::redis_proxy proxy{redis.socket(), 11};
  proxy.misbehave({.drop_reply = 0.05, .cut_request = 0.02});
  for (int kills = 0; kills < 50; ++kills) {
    const auto process = start(proxy.url());
    pause(0, 60); // a flush is always under way
  }
  proxy.behave();
  check_inherited(redis, proxy.url(), state);
}

CAF_TEST(five starts while redis is down lose nothing) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  start(redis.url())->kill();
  redis.kill();
  for (int starts = 0; starts < 5; ++starts) {
    const auto process = start(redis.url());
    pause(10, 50);
  }
  redis.start();
  check_inherited(redis, redis.url(), state);
}

CAF_TEST(a redis that comes and goes in the middle of an adoption gets everything once) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  test::redis_proxy proxy{redis.socket(), 11};
  redis.kill();
  for (int starts = 0; starts < 6; ++starts) {
    const auto process = start(proxy.url());
    pause(10, 30);
  }
  {
    engine_config config;
    test::prepare_counting(config, proxy.url(), state);
    host heir{config};
    proxy.misbehave({.drop_reply = 0.3, .cut_request = 0.1});
    for (int times = 0; times < 3; ++times) {
      redis.start();
      pause(5, 60);
      redis.kill();
    }
  }
  proxy.behave();
  redis.start();
  check_inherited(redis, proxy.url(), state);
}

CAF_TEST(a copied state folder neither eats the original nor counts it again) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis{{.durable = false}};
  {
    const auto process = start(redis.url());
    for (int copies = 0; copies < 3; ++copies) {
      pause(30, 60);
      const auto copy = folder.file("copy" + std::to_string(copies));
      std::filesystem::copy(state, copy, std::filesystem::copy_options::recursive);
      engine_config config;
      test::prepare_counting(config, redis.url(), copy);
      host clone{config};
      CAF_CHECK(clone.front.flush(5s));
      clone.front.incr("metrics:torture:clone", 1);
    }
    pause(30, 60);
  }
  check_inherited(redis, redis.url(), state);
  CAF_CHECK_EQUAL(redis.get("metrics:torture:clone"), "3");
}

CAF_TEST_FIXTURE_SCOPE_END()

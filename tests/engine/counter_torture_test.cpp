// Counters against a real Redis that dies, forgets and stalls, over a link that loses: what is there at the end is what
// was counted.
#define CAF_SUITE counter_torture

#include <filesystem>
#include <memory>
#include <random>

#include <caf/actor_system.hpp>

#include "tests/support/counting_crowd.hpp"
#include "tests/support/counting_process.hpp"
#include "tests/support/engine_host.hpp"
#include "tests/support/runtime_redis_proxy.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::counters;
using test::crowd;
using test::key_of;
using test::wait_until;
using host = test::engine_host;

namespace {

struct fixture {
  test::temporary_folder folder;
  std::mt19937 random{42};

  void pause(int least_ms, int most_ms) {
    ::poll(nullptr, 0, std::uniform_int_distribution<int>{least_ms, most_ms}(random));
  }
  static bool merges_arrive(const test::redis_server& redis) {
    const auto before = redis.get(key_of(0));
    return wait_until([&] { return redis.get(key_of(0)) != before; });
  }
  // On its way to the server or made there, and nobody hears of it: the reply is held back until the server is dead.
  static bool has_merge_in_flight(test::redis_proxy& proxy) {
    const auto before = proxy.faults();
    proxy.next({.kind = test::misdeed_kind::delay, .seen = "EVALSHA", .pause = 60s});
    return wait_until([&] { return proxy.faults() > before; });
  }
  void check_exact(const test::redis_server& redis, engine& front, const crowd& all) {
    CAF_CHECK(wait_until([&] { return front.flush(2s); }));
    for (unsigned key = 0; key < counters; ++key)
      CAF_CHECK_EQUAL(redis.get(key_of(key)), std::to_string(all.counted(key)));
    CAF_CHECK_EQUAL(front.status().counters.ambiguous_merges, 0u);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(counter_torture_tests, fixture)

CAF_TEST(ten million increments arrive through thirty kills of redis) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  test::redis_proxy proxy{redis.socket(), 13};
  engine_config config;
  test::prepare_counting(config, proxy.url(), folder.file("state"));
  host one{config};
  crowd all{one.front, 1000};
  all.go_on();
  for (unsigned kills = 0; kills < 30; ++kills) {
    CAF_REQUIRE(merges_arrive(redis));
    if (kills % 3 != 0)
      CAF_REQUIRE(has_merge_in_flight(proxy));
    for (auto looks = kills % 5; looks > 0; --looks) // each gives Redis time for more of the merge
      redis.get(key_of(0));
    redis.kill();
    CAF_REQUIRE(all.counts_on());
    redis.start();
    CAF_REQUIRE(all.counts_on());
  }
  CAF_CHECK(wait_until([&] { return all.counted() >= 10'000'000; }));
  all.finish();
  check_exact(redis, one.front, all);
}

CAF_TEST(nothing is lost or doubled on a link that loses replies and cuts requests) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis{{.durable = false}};
  test::redis_proxy proxy{redis.socket(), 11};
  engine_config config;
  test::prepare_counting(config, proxy.url(), folder.file("state"));
  host one{config};
  crowd all{one.front, 5000};
  proxy.misbehave({.drop_reply = 0.15, .cut_request = 0.05, .cut_reply = 0.05, .delay = 0.05});
  const auto give_up = boot_clock::now() + 20s;
  for (int round = 0; round < 60 || (proxy.faults() <= 10 && boot_clock::now() < give_up); ++round) {
    all.next_round();
    if (round % 10 == 3)
      redis.ask({"SCRIPT", "FLUSH"});
    if (round % 20 == 7) {
      redis.freeze();
      pause(100, 700);
      redis.thaw();
    }
    pause(20, 60);
  }
  all.finish();
  proxy.behave();
  CAF_CHECK(proxy.faults() > 10);
  check_exact(redis, one.front, all);
}

CAF_TEST(nothing is lost or doubled on a link that answers errors and lies about what the server said) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis{{.durable = false}};
  test::redis_proxy proxy{redis.socket(), 12};
  engine_config config;
  test::prepare_counting(config, proxy.url(), folder.file("state"));
  host one{config};
  crowd all{one.front, 5000};
  proxy.misbehave({.drop_reply = 0.05, .trickle = 0.02, .error = 0.05, .garbage = 0.05, .lie = 0.05});
  const auto give_up = boot_clock::now() + 20s;
  for (int round = 0; round < 40 || (proxy.faults() <= 5 && boot_clock::now() < give_up); ++round) {
    all.next_round();
    pause(20, 60);
  }
  all.finish();
  proxy.behave();
  CAF_CHECK(proxy.faults() > 5);
  check_exact(redis, one.front, all);
}

CAF_TEST(a redis that is emptied under traffic and through faults heals to exact) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis{{.durable = false}};
  test::redis_proxy proxy{redis.socket(), 11};
  engine_config config;
  test::prepare_counting(config, proxy.url(), folder.file("state"));
  host one{config};
  crowd all{one.front, 5000};
  proxy.misbehave({.drop_reply = 0.1});
  for (int round = 0; round < 30; ++round) {
    all.next_round();
    pause(10, 50);
    if (round % 6 == 2)
      redis.ask({"FLUSHALL"});
  }
  all.finish();
  proxy.behave();
  CAF_CHECK(wait_until([&] {
    one.front.flush(1s);
    for (unsigned key = 0; key < counters; ++key)
      if (redis.get(key_of(key)) != std::to_string(all.counted(key)))
        return false;
    return true;
  }));
}

CAF_TEST(a replica that missed writes is promoted and gets them) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server primary{{.durable = false, .with_port = true}};
  test::redis_server replica{{.durable = false}};
  replica.ask({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())});
  CAF_REQUIRE(wait_until([&] { return replica.ask({"INFO", "replication"}).find("master_link_status:up") != std::string::npos; }));
  const auto target = folder.file("target.sock");
  std::filesystem::create_symlink(primary.socket(), target);
  test::redis_proxy proxy{target, 11};
  engine_config config;
  test::prepare_counting(config, proxy.url(), folder.file("state"));
  host one{config};
  crowd all{one.front, 1000};
  all.next_round();
  CAF_CHECK(wait_until([&] { return replica.get(key_of(7)) == primary.get(key_of(7)) && !primary.get(key_of(7)).empty(); }));
  replica.ask({"REPLICAOF", "127.0.0.1", "1"}); // nobody is there: what comes now never reaches it
  for (int round = 0; round < 5; ++round) {
    all.next_round();
    pause(20, 40);
  }
  one.front.incr("metrics:torture:born_late", 9);
  CAF_CHECK(one.front.flush(5s));
  const auto of_primary = primary.get(key_of(7));
  primary.kill();
  replica.ask({"REPLICAOF", "NO", "ONE"});
  CAF_CHECK(replica.get("metrics:torture:born_late").empty());
  CAF_CHECK_NOT_EQUAL(replica.get(key_of(7)), of_primary);
  std::filesystem::remove(target);
  std::filesystem::create_symlink(replica.socket(), target);
  proxy.cut_all();
  all.next_round();
  all.finish();
  CAF_CHECK(wait_until([&] { return replica.get("metrics:torture:born_late") == "9"; }));
  CAF_CHECK(wait_until([&] {
    one.front.flush(1s);
    for (unsigned key = 0; key < counters; ++key)
      if (replica.get(key_of(key)) != std::to_string(all.counted(key)))
        return false;
    return true;
  }));
}

CAF_TEST(two processes and a plain client add up) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis{{.durable = false}};
  engine_config config;
  test::prepare_counting(config, redis.url(), folder.file("state"));
  engine_config other_config;
  test::prepare_counting(other_config, redis.url(), folder.file("other"));
  host one{config};
  host two{other_config};
  crowd first{one.front, 20'000};
  crowd second{two.front, 20'000};
  std::uint64_t rival = 0;
  for (int round = 0; round < 10; ++round) {
    first.next_round();
    second.next_round();
    for (unsigned key = 0; key < counters; ++key)
      redis.command({"INCRBY", key_of(key), "3"});
    rival += 3;
  }
  first.finish();
  second.finish();
  CAF_CHECK(one.front.flush(5s));
  CAF_CHECK(two.front.flush(5s));
  for (unsigned key = 0; key < counters; ++key)
    CAF_CHECK_EQUAL(redis.get(key_of(key)), std::to_string(first.counted(key) + second.counted(key) + rival));
}

CAF_TEST_FIXTURE_SCOPE_END()

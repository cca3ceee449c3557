// Counters against a real Redis that dies, forgets and stalls, over a link that loses: what is there at the end is what
// was counted.
#define CAF_SUITE counter_torture

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>

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

constexpr unsigned counters = 50;
constexpr unsigned threads = 4;

std::string key_of(unsigned number) { return "metrics:torture:c" + std::to_string(number); }

// Counts in rounds: so many increments per thread, spread over the counters, whenever a round is let go.
class crowd {
public:
  crowd(engine& front, std::uint64_t per_round) {
    for (unsigned thread = 0; thread < threads; ++thread)
      workers_.emplace_back([this, &front, per_round, thread] { work(front, per_round, thread); });
  }
  ~crowd() { finish(); }
  void next_round() { ++rounds_; }
  void finish() {
    stop_ = true;
    for (auto& worker : workers_)
      if (worker.joinable())
        worker.join();
  }
  std::uint64_t counted() const { return counted_; }
  std::uint64_t counted(unsigned key) const { return of_key_[key]; }

private:
  void work(engine& front, std::uint64_t per_round, unsigned thread) {
    std::vector<holdfast::counter> handles;
    for (unsigned key = 0; key < counters; ++key)
      handles.push_back(front.counter(key_of(key)));
    for (unsigned done = 0; !stop_ || done < rounds_;) {
      if (done >= rounds_) {
        ::poll(nullptr, 0, 1);
        continue;
      }
      std::vector<std::uint64_t> mine(counters);
      for (std::uint64_t i = 0; i < per_round; ++i) {
        const auto key = (i + thread) % counters;
        handles[key].incr();
        ++mine[key];
      }
      for (unsigned key = 0; key < counters; ++key)
        of_key_[key] += mine[key];
      counted_ += per_round;
      ++done;
    }
  }

  std::atomic<unsigned> rounds_{0};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> counted_{0};
  std::array<std::atomic<std::uint64_t>, counters> of_key_{};
  std::vector<std::thread> workers_;
};

struct fixture {
  test::temporary_folder folder;
  std::mt19937 random{42};

  void pause(int least_ms, int most_ms) {
    ::poll(nullptr, 0, std::uniform_int_distribution<int>{least_ms, most_ms}(random));
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
  engine_config config;
  test::prepare_counting(config, redis.url(), folder.file("state"));
  host one{config};
  crowd all{one.front, 10'000'000 / threads / 31 + 1};
  for (int kills = 0; kills < 30; ++kills) {
    all.next_round();
    pause(50, 300);
    redis.kill();
    redis.start();
  }
  all.next_round();
  all.finish();
  CAF_CHECK(all.counted() >= 10'000'000);
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

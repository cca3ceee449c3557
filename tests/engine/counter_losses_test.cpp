// What a Redis may lose beside a living writer, one loss at a time: the rules of docs/ledger-format.md on a real server.
#define CAF_SUITE counter_losses

#include <caf/actor_system.hpp>

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

const std::string key = "metrics:torture:lost";
const std::string record = "holdfast:ledger:{" + key + "}";

struct fixture {
  test::temporary_folder folder;
  test::redis_server redis{{.durable = false}};
  test::redis_proxy proxy{redis.socket(), 11};
  engine_config config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<engine> front;

  fixture() {
    test::prepare_counting(config, proxy.url(), folder.file("state"));
    system = std::make_unique<caf::actor_system>(config);
    front = std::make_unique<engine>(*system);
  }
  ~fixture() {
    front.reset();
    system.reset();
  }
  void count(std::int64_t amount) {
    front->incr(key, amount);
    CAF_CHECK(wait_until([&] { return front->flush(1s); }));
  }
  std::uint64_t ambiguous() { return front->status().counters.ambiguous_merges; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(counter_losses_tests, fixture)

CAF_TEST(evicted bookkeeping doubles nothing) {
  count(5);
  redis.ask({"DEL", record});
  count(2);
  CAF_CHECK_EQUAL(redis.get(key), "7");
  CAF_CHECK_EQUAL(ambiguous(), 1u);
}

CAF_TEST(an emptied redis heals within ten seconds although nobody counts) {
  count(5);
  redis.ask({"FLUSHALL"});
  CAF_CHECK(wait_until([&] { return redis.get(key) == "5"; }, 10s));
}

CAF_TEST(a redis that went back by its last writes heals) {
  test::redis_server durable;
  engine_config other;
  test::prepare_counting(other, durable.url(), folder.file("other"));
  caf::actor_system of_other{other};
  engine back{of_other};
  for (int i = 1; i <= 10; ++i)
    CAF_CHECK(back.incr_sync(key, 1, 10s));
  for (const std::size_t additions : {1u, 3u, 5u}) {
    durable.roll_back(additions, key);
    CAF_CHECK(wait_until([&] { return durable.get(key) == "10"; }));
  }
  CAF_CHECK(back.incr_sync(key, 1, 10s));
  CAF_CHECK_EQUAL(durable.get(key), "11");
}

CAF_TEST(what a full redis evicts is never counted twice) {
  constexpr int keys = 200;
  const auto name = [](int i) { return "metrics:torture:evicted" + std::to_string(i); };
  for (int i = 0; i < keys; ++i)
    front->incr(name(i), 5);
  CAF_CHECK(wait_until([&] { return front->flush(1s); }));
  redis.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-random"});
  redis.ask({"DEBUG", "POPULATE", "1000", "filler", "100"});
  const auto info = redis.ask({"INFO", "memory"});
  const auto used = std::stoull(info.substr(info.find("used_memory:") + 12));
  redis.ask({"CONFIG", "SET", "maxmemory", std::to_string(used - 50'000)});
  CAF_CHECK(wait_until([&] { return redis.ask({"INFO", "stats"}).find("evicted_keys:0\r") == std::string::npos; }));
  redis.ask({"CONFIG", "SET", "maxmemory", "0"});
  redis.ask({"DEL", "holdfast:epoch"}); // as if it had been evicted with the rest
  for (int i = 0; i < keys; ++i)
    front->incr(name(i), 1);
  CAF_CHECK(wait_until([&] { return front->flush(1s); }));
  int exact = 0;
  for (int i = 0; i < keys; ++i) {
    const auto value = std::stoi(redis.get(name(i)));
    CAF_CHECK(value >= 1 && value <= 6);
    exact += value == 6 ? 1 : 0;
  }
  CAF_CHECK(exact > keys / 4);
}

CAF_TEST(a store that lost its own mark with some counters is not taken for an emptied one) {
  const auto name = [](int i) { return "metrics:torture:marked" + std::to_string(i); };
  const auto record_of = [&](int i) { return "holdfast:ledger:{" + name(i) + "}"; };
  for (int i = 0; i < 9; ++i)
    front->incr(name(i), 5);
  CAF_CHECK(wait_until([&] { return front->flush(1s); }));
  // A third is gone with its records, a third has lost its records alone, a third is whole.
  redis.ask({"DEL", "holdfast:epoch", name(0), record_of(0), name(1), record_of(1), name(2), record_of(2), record_of(3), record_of(4),
             record_of(5)});
  for (int i = 0; i < 9; ++i)
    front->incr(name(i), 1);
  CAF_CHECK(wait_until([&] { return front->flush(1s); }));
  for (int i = 0; i < 9; ++i)
    CAF_CHECK_EQUAL(redis.get(name(i)), "6");
}

CAF_TEST(a store that lost its own mark and every record is known by its index) {
  const std::string gone = "metrics:torture:gone";
  front->incr(gone, 5);
  count(5);
  redis.ask({"DEL", "holdfast:epoch", gone, "holdfast:ledger:{" + gone + "}", record});
  front->incr(gone, 1);
  count(1);
  CAF_CHECK_EQUAL(redis.get(gone), "6");
  CAF_CHECK_EQUAL(redis.get(key), "6");
}

CAF_TEST(an operator who deletes a counter resets it) {
  count(5);
  redis.ask({"DEL", key});
  count(2);
  CAF_CHECK_EQUAL(redis.get(key), "2");
}

CAF_TEST(a counter that was there before us is added to) {
  redis.ask({"SET", key, "100"});
  count(5);
  CAF_CHECK_EQUAL(redis.get(key), "105");
  CAF_CHECK(wait_until([&] { return front->get_int_sync(key) == 105; }));
  CAF_CHECK_EQUAL(ambiguous(), 0u);
}

CAF_TEST(a lost first reply counts once beside a rival) {
  front->flush(1s);
  proxy.next({test::misdeed_kind::drop_reply, key});
  front->incr(key, 5);
  redis.ask({"INCRBY", key, "1000"});
  CAF_CHECK(wait_until([&] { return front->flush(1s); }));
  CAF_CHECK_EQUAL(redis.get(key), "1005");
}

CAF_TEST(a lost reply followed by an eviction doubles nothing) {
  count(5);
  proxy.next({test::misdeed_kind::drop_reply, key});
  front->incr(key, 3);
  CAF_CHECK(wait_until([&] { return redis.get(key) == "8"; }));
  redis.ask({"DEL", record});
  CAF_CHECK(wait_until([&] { return front->flush(1s); }));
  CAF_CHECK_EQUAL(redis.get(key), "8");
}

CAF_TEST(a rival that counts in the emptied redis first costs nothing) {
  for (int i = 0; i < 20; ++i)
    front->incr("metrics:torture:other" + std::to_string(i), 1);
  count(5);
  redis.ask({"EVAL", "redis.call('FLUSHALL') redis.call('INCRBY', KEYS[1], 1000)", "1", key});
  count(2);
  CAF_CHECK(wait_until([&] { return redis.get(key) == "1007"; }));
}

CAF_TEST(text at a counter costs only that counter) {
  redis.ask({"SET", key, "text"});
  front->incr(key, 5);
  CAF_CHECK(front->incr_sync("metrics:torture:good", 1, 10s));
  CAF_CHECK(!front->flush(1s));
  CAF_CHECK_EQUAL(redis.get("metrics:torture:good"), "1");
  CAF_CHECK_EQUAL(front->get_int_sync(key), 0);
  CAF_CHECK(front->status().counters.set_aside_rows == 1u);
}

CAF_TEST(a clean stop leaves nothing but retired fields and no file) {
  bool clean = false;
  for (int stops = 0; stops < 5 && !clean; ++stops) { // one has less than a second, which a busy machine may take
    const auto name = "metrics:torture:stopped" + std::to_string(stops);
    engine_config own;
    test::prepare_counting(own, redis.url(), folder.file(name));
    caf::actor_system of_own{own};
    {
      engine stopped{of_own};
      stopped.incr(name, 5);
      CAF_CHECK(wait_until([&] { return stopped.flush(1s); }));
    }
    clean = redis.ask({"HVALS", "holdfast:ledger:{" + name + "}"}).find("5 0 r") != std::string::npos
            && std::filesystem::is_empty(own.state_dir + "/ledgers");
  }
  CAF_CHECK(clean);
}

CAF_TEST_FIXTURE_SCOPE_END()

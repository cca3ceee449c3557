#define CAF_SUITE doctor_redis

#include <string>
#include <vector>

#include "tests/support/doctor_fixture.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_resp_peer.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

std::string bulk(const std::string& text) {
  return '$' + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// What a real Redis would answer to this command, changed.
test::peer_habits instead_of(const std::string& command, test::misdeed changed) {
  const auto choose = [=](const std::string& request) {
    return request.find("\r\n" + command + "\r\n") == std::string::npos ? test::misdeed{} : changed;
  };
  return {choose, {}};
}

test::misdeed say(const std::string& text) {
  return {.kind = test::misdeed_kind::say, .text = text};
}

struct fixture : test::doctor_fixture {
  bool installed = test::redis_server::installed();

  fixture() {
    if (!installed)
      CAF_MESSAGE("skipped: no redis-server");
  }
  test::program_result doctor_of(const std::string& url, std::vector<std::string> more = {}) const {
    more.push_back("--redis-url=" + url);
    return doctor(more);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(doctor_redis_tests, fixture)

CAF_TEST(a sound redis passes every check and nothing is left in it) {
  if (!installed)
    return;
  const test::redis_server redis;
  const auto result = doctor_of(redis.url());
  CAF_CHECK_EQUAL(result.status, 0);
  for (const auto* what : {"redis", "redis version", "redis persistence", "redis eviction", "redis writes",
                           "redis clock", "redis latency"})
    CAF_CHECK(tells(result, ok, what));
  CAF_CHECK_EQUAL(redis.ask({"DBSIZE"}), "0");
}

CAF_TEST(a redis that may evict counters fails) {
  if (!installed)
    return;
  const test::redis_server redis;
  redis.command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  const auto result = doctor_of(redis.url());
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis eviction"));
}

CAF_TEST(a redis that may evict rate limits is a warning) {
  if (!installed)
    return;
  const test::redis_server redis;
  redis.command({"CONFIG", "SET", "maxmemory-policy", "volatile-ttl"});
  const auto result = doctor_of(redis.url());
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(tells(result, warning, "redis eviction"));
}

CAF_TEST(a redis that keeps nothing on its disk is a warning) {
  if (!installed)
    return;
  const test::redis_server redis;
  redis.command({"CONFIG", "SET", "appendonly", "no"});
  redis.command({"CONFIG", "SET", "save", ""});
  CAF_CHECK(tells(doctor_of(redis.url()), warning, "redis persistence"));
}

CAF_TEST(a redis whose memory is full fails and one that is almost full is a warning) {
  if (!installed)
    return;
  const test::redis_server redis;
  redis.command({"CONFIG", "SET", "maxmemory", "1gb"});
  CAF_CHECK(tells(doctor_of(redis.url()), ok, "redis memory"));
  redis.command({"CONFIG", "SET", "maxmemory", "1"});
  const auto full = doctor_of(redis.url());
  CAF_CHECK_EQUAL(full.status, 1);
  CAF_CHECK(tells(full, failure, "redis writes", "refused for metrics:doctor:probe: OOM"));
  CAF_CHECK(has(full, "-> raise maxmemory"));
  const auto info = "redis_version:7.0.0\r\nused_memory:95000\r\nmaxmemory:100000\r\nmaxmemory_policy:noeviction\r\n";
  const test::resp_peer almost{redis.socket(), instead_of("INFO", say(bulk(info)))};
  CAF_CHECK(tells(doctor_of(almost.url()), warning, "redis memory"));
}

CAF_TEST(a redis that cannot save fails) {
  if (!installed)
    return;
  const test::redis_server redis;
  const test::resp_peer peer{redis.socket(), instead_of("SET", say("-MISCONF Errors writing to the AOF file\r\n"))};
  const auto result = doctor_of(peer.url());
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis writes", "refused for metrics:doctor:probe: MISCONF"));
}

CAF_TEST(a user who may not write counters fails) {
  if (!installed)
    return;
  const test::redis_server redis{{.with_port = true}};
  redis.command({"ACL", "SETUSER", "limited", "on", ">word", "~cache:*", "~holdfast:*", "&*", "+@all"});
  const auto result = doctor_of("redis://limited:word@127.0.0.1:" + std::to_string(redis.port()));
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis writes", "refused for metrics:doctor:probe: NOPERM"));
  CAF_CHECK(has(result, "-> give this user ~metrics:*"));
}

CAF_TEST(a replica fails) {
  if (!installed)
    return;
  const test::redis_server redis;
  redis.command({"REPLICAOF", "127.0.0.1", "1"});
  const auto result = doctor_of(redis.url());
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis role", "a read-only replica"));
  CAF_CHECK(tells(result, failure, "redis writes"));
}

CAF_TEST(a redis of a cluster of several fails and one that has all slots alone is a warning) {
  if (!installed)
    return;
  const test::redis_server redis{{.durable = false, .with_port = true, .arguments = {"--cluster-enabled", "yes"}}};
  CAF_CHECK(tells(doctor_of(redis.url()), failure, "redis writes", "refused for metrics:doctor:probe: CLUSTERDOWN"));
  CAF_CHECK_EQUAL(redis.ask({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}), "OK");
  CAF_CHECK(test::wait_until([&] { return redis.ask({"CLUSTER", "INFO"}).starts_with("cluster_state:ok"); }));
  const auto alone = doctor_of(redis.url());
  CAF_CHECK_EQUAL(alone.status, 0);
  CAF_CHECK(tells(alone, warning, "redis cluster", "one of 1 with slots"));
  const test::resp_peer peer{redis.socket(),
                             instead_of("CLUSTER", say(bulk("cluster_state:ok\r\ncluster_size:3\r\n")))};
  const auto result = doctor_of(peer.url());
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis cluster", "one of 3 with slots"));
}

CAF_TEST(an old redis and one that tells nothing are warnings) {
  if (!installed)
    return;
  const test::redis_server redis;
  const test::resp_peer old{redis.socket(), instead_of("INFO", say(bulk("redis_version:6.0.16\r\n")))};
  CAF_CHECK(tells(doctor_of(old.url()), warning, "redis version", "6.0.16"));
  const test::resp_peer silent{redis.socket(), instead_of("INFO", say("-NOPERM no INFO for this user\r\n"))};
  const auto result = doctor_of(silent.url());
  CAF_CHECK(tells(result, warning, "redis version", "not told"));
  CAF_CHECK(tells(result, warning, "redis eviction", "not told"));
}

CAF_TEST(a redis with another time is a warning) {
  if (!installed)
    return;
  const test::redis_server redis;
  const test::resp_peer odd{redis.socket(), instead_of("TIME", say("*2\r\n" + bulk("1600000000") + bulk("0")))};
  CAF_CHECK(tells(doctor_of(odd.url()), warning, "redis clock", "differs by"));
  const test::resp_peer silent{redis.socket(), instead_of("TIME", say("-NOPERM no TIME for this user\r\n"))};
  CAF_CHECK(tells(doctor_of(silent.url()), warning, "redis clock", "not told"));
}

CAF_TEST(a slow redis is a warning and one that is too slow for its timeout fails) {
  if (!installed)
    return;
  const test::redis_server redis;
  const test::resp_peer slow{redis.socket(), instead_of("PING", {.kind = test::misdeed_kind::delay, .pause = 40ms})};
  CAF_CHECK(tells(doctor_of(slow.url()), warning, "redis latency"));
  const auto result = doctor_of(slow.url(), {"--redis-command-timeout=60ms"});
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis latency"));
}

CAF_TEST(lists of another configuration in redis fail) {
  if (!installed)
    return;
  const test::redis_server redis;
  const auto other =
      test::run_program(with("symbols", {"spot", "--quote-assets=USDC,BTC", "--redis-url=" + redis.url()}));
  CAF_CHECK_EQUAL(other.status, 0);
  CAF_CHECK(tells(doctor_of(redis.url(), {"--quote-assets=BTC,USDC"}), ok, "spot list")); // the same ones
  const auto result = doctor_of(redis.url());
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "spot list", "the store holds one of another configuration"));
  CAF_CHECK(tells(result, ok, "futures list"));
}

CAF_TEST(a redis that takes connections and is frozen is told as one that does not answer) {
  const test::resp_peer frozen;
  const auto result = doctor_of(frozen.url());
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis", frozen.url() + "?db=0 takes connections and does not answer"));
  for (const auto* what : {"redis version", "redis writes", "redis latency"})
    for (const auto* level : {ok, warning, failure})
      CAF_CHECK(!tells(result, level, what));
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE redis_scripts

#include "actors/redis_scripts.hpp"

#include "tests/support/runtime_redis_server.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

const std::string writer(32, 'a');
const std::string generation(32, 'b');

struct row {
  std::string key;
  std::string difference = "1";
  std::string generation{};
  std::string state{};
  std::string exists = "0";
};

struct redis_scripts_fixture {
  test::redis_server redis{{.durable = false}};

  // One batch as text, "m", "r" or "x" per row, or the error.
  std::string merge(const std::vector<row>& rows) {
    redis_command command{"EVAL", std::string{redis_scripts::merge}, std::to_string(2 * rows.size())};
    for (const auto& one : rows) {
      command.push_back(one.key);
      command.push_back("holdfast:ledger:{" + one.key + "}");
    }
    command.insert(command.end(), {"holdfast:keys", "holdfast:epoch"});
    for (const auto& one : rows)
      for (const auto& text : {writer, one.generation, one.state, one.exists, std::string{"new"}, generation, one.difference})
        command.push_back(text);
    const auto reply = redis.command(std::move(command));
    auto text = reply.text;
    for (const auto& answer : reply.elements)
      if (!answer.elements.empty())
        text += answer.elements.front().text;
    return text;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(redis_scripts_tests, redis_scripts_fixture)

CAF_TEST(a row is refused for its own type or value and costs no other row) {
  redis.ask({"SET", "text", "abc"});
  redis.ask({"SET", "full", "9223372036854775807"});
  redis.ask({"HSET", "hash", "f", "v"});
  redis.ask({"SET", "holdfast:ledger:{record}", "text"});
  CAF_CHECK_EQUAL(merge({{"text", "1", "", "", "1"}, {"full", "1", "", "", "1"}, {"hash", "1", "", "", "1"}, {"record"}, {"good"}}),
                  "rrrrm");
  CAF_CHECK_EQUAL(redis.get("good"), "1");
  CAF_CHECK_EQUAL(redis.get("text"), "abc");
  CAF_CHECK_EQUAL(redis.ask({"EXISTS", "record"}), "0");
}

CAF_TEST(what the server refuses to everybody is the error of the batch) {
  redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  CAF_CHECK(merge({{"a"}}).starts_with("OOM"));
  redis.ask({"CONFIG", "SET", "maxmemory", "0"});
  redis.ask({"CONFIG", "SET", "min-replicas-to-write", "1"});
  CAF_CHECK(merge({{"a"}}).starts_with("NOREPLICAS"));
  redis.ask({"CONFIG", "SET", "min-replicas-to-write", "0"});
  redis.ask({"REPLICAOF", "127.0.0.1", "1"});
  CAF_CHECK(merge({{"a"}}).starts_with("READONLY"));
  redis.ask({"REPLICAOF", "NO", "ONE"});
  CAF_CHECK_EQUAL(merge({{"a"}}), "m");
  CAF_CHECK_EQUAL(redis.get("a"), "1");
}

// A user who may count but not keep books: the record fails after the counter.
CAF_TEST(a counter whose record cannot be written is put back as it was) {
  redis.ask({"ACL", "SETUSER", "default", "on", "nopass", "~*", "+@all", "-hset"});
  redis.ask({"SET", "up", "5"});
  redis.ask({"SET", "low", "0"});
  for (const auto& one : {row{"up", "7", "", "", "1"}, row{"up", "-7", "", "", "1"}, row{"new"},
                          row{"low", "-9223372036854775808", "", "", "1"}})
    CAF_CHECK(!merge({one}).starts_with("m"));
  CAF_CHECK_EQUAL(redis.get("up"), "5");
  CAF_CHECK_EQUAL(redis.get("low"), "0");
  CAF_CHECK_EQUAL(redis.ask({"EXISTS", "new"}), "0");
}

CAF_TEST(an index of the wrong type costs no row) {
  redis.ask({"SET", "holdfast:keys", "text"});
  CAF_CHECK_EQUAL(merge({{"a"}, {"b"}}), "mm");
}

CAF_TEST(writers retired long ago are forgotten and nobody else) {
  redis.ask({"HSET", "r", "generation", generation, "old", "5 0 r1000", "young", "5 0 r3000", "alive", "5 0"});
  redis.ask({"SET", "text", "abc"});
  redis.ask({"EVAL", std::string{redis_scripts::forget_retired}, "3", "text", "nowhere", "r", "2000"});
  CAF_CHECK_EQUAL(redis.ask({"HGET", "r", "old"}), "(nil)");
  CAF_CHECK_EQUAL(redis.ask({"HGET", "r", "young"}), "5 0 r3000");
  CAF_CHECK_EQUAL(redis.ask({"HGET", "r", "alive"}), "5 0");
  CAF_CHECK_EQUAL(redis.ask({"HGET", "r", "generation"}), generation);
}

CAF_TEST_FIXTURE_SCOPE_END()

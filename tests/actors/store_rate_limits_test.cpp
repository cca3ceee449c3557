// The stores' own part of rate limits: both answer the same questions alike.
#define CAF_SUITE store_rate_limits

#include "actors/embedded_store.hpp"

#include <caf/send.hpp>
#include <sqlite3.h>

#include "config/keys.hpp"
#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr auto key = "rate_limit:a:b";

rate_question about(std::int64_t limit, std::vector<std::uint32_t> amounts, const char* of = key,
                    rate_algorithm algorithm = rate_algorithm::rolling) {
  return {of, {{limit, 60'000'000, algorithm}, std::move(amounts)}};
}

std::string text_of(const std::optional<store_rate_limits_reply>& reply) {
  if (!reply)
    return "(none)";
  std::string text;
  for (const auto& answer : reply->answers) {
    text += answer.error == fault::none ? "" : "!" + to_string(answer.error);
    for (const auto& one : answer.verdicts)
      text += one.allowed ? '+' : '-';
    text += ' ';
  }
  return text + std::to_string(reply->processes);
}

struct store_rate_limits_fixture : test::actor_fixture {
  test::temporary_folder folder;
  std::string path = folder.file("store.sqlite");

  store_actor open() { return sys.spawn(embedded_store, embedded_store_settings{path, {}, {}}, clock_ptr{clock}); }
  std::string decide_in(const store_actor& store, std::vector<rate_question> questions, std::string process = {}) {
    return text_of(ask<store_rate_limits_reply>(
      store, store_rate_limits{std::move(questions), std::move(process), clock->boot_now() + 1s}));
  }
  std::int64_t rows(const char* condition) {
    sqlite3* raw = nullptr;
    CAF_REQUIRE_EQUAL(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
    sqlite3_stmt* query = nullptr;
    const auto sql = std::string{"SELECT count(*) FROM entry WHERE "} + condition;
    CAF_REQUIRE_EQUAL(sqlite3_prepare_v2(raw, sql.c_str(), -1, &query, nullptr), SQLITE_OK);
    sqlite3_step(query);
    const auto count = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(raw);
    return count;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_rate_limits_tests, store_rate_limits_fixture)

CAF_TEST(two processes on one folder keep one limit together) {
  const auto one = open();
  const auto other = open();
  CAF_CHECK_EQUAL(decide_in(one, {about(3, {1, 1}), about(1, {1, 1}, "rate_limit:c:d")}, "p1"), "++ +- 1");
  CAF_CHECK_EQUAL(decide_in(other, {about(3, {1, 1})}, "p2"), "+- 2");
  advance(60s);
  CAF_CHECK_EQUAL(decide_in(other, {about(3, {3})}, "p2"), "+ 1");
  CAF_CHECK_EQUAL(decide_in(one, {about(3, {1}), about(3, {1}, "rate_limit:c:e", rate_algorithm::smooth)}), "- + 0");
}

CAF_TEST(the embedded store forgets limits that have expired and repairs those that never would) {
  const auto store = open();
  for (int i = 0; i < 50; ++i)
    decide_in(store, {about(3, {1}, ("rate_limit:user" + std::to_string(i) + ":x").c_str())});
  CAF_CHECK_EQUAL(rows("key LIKE 'rate_limit:%'"), 50);
  advance(2min);
  for (int i = 0; i < 50; ++i)
    decide_in(store, {about(1, {1})});
  CAF_CHECK_EQUAL(rows("key LIKE 'rate_limit:%'"), 1);
  CAF_CHECK_EQUAL(rows("key LIKE 'rate_limit:%' AND expires_ms IS NULL"), 0);
  sqlite3* raw = nullptr;
  CAF_REQUIRE_EQUAL(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  sqlite3_exec(raw, "UPDATE entry SET expires_ms=NULL", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  CAF_CHECK_EQUAL(decide_in(store, {about(1, {1})}), "- 0");
  CAF_CHECK_EQUAL(rows("key LIKE 'rate_limit:%' AND expires_ms IS NULL"), 0);
}

CAF_TEST(the embedded store repairs an expiry for as long as a lease counts) {
  const auto store = open();
  auto lease = about(1, {1});
  lease.request.hold_us = 10'000'000;
  CAF_CHECK_EQUAL(decide_in(store, {lease}), "+ 0");
  sqlite3* raw = nullptr;
  CAF_REQUIRE_EQUAL(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  sqlite3_exec(raw, "UPDATE entry SET expires_ms=NULL", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  CAF_CHECK_EQUAL(decide_in(store, {about(1, {1})}), "- 0");
  advance(69s);
  CAF_CHECK_EQUAL(decide_in(store, {about(1, {1})}), "- 0");
  advance(1s);
  CAF_CHECK_EQUAL(decide_in(store, {about(1, {1})}), "+ 0");
}

CAF_TEST(the embedded store keeps an admission for its whole window though that is no whole number of milliseconds) {
  const auto store = open();
  rate_question question{key, {{1, 1900}, {1}}};
  advance(900us);
  CAF_CHECK_EQUAL(decide_in(store, {question}), "+ 0");
  advance(1899us);
  CAF_CHECK_EQUAL(decide_in(store, {question}), "- 0");
  advance(1us);
  CAF_CHECK_EQUAL(decide_in(store, {question}), "+ 0");
}

CAF_TEST(the embedded store refuses a key of the other algorithm until it expires and no longer) {
  const auto store = open();
  CAF_CHECK_EQUAL(decide_in(store, {about(2, {1}, key, rate_algorithm::smooth)}), "+ 0"); // half a window
  const auto reply = ask<store_rate_limits_reply>(store, store_rate_limits{{about(2, {1})}, {}, clock->boot_now() + 1s});
  CAF_REQUIRE(reply);
  const auto left = reply->answers.front().verdicts.front().retry_after_us;
  CAF_CHECK(left > 29'990'000 && left <= 30'002'000);
  advance(std::chrono::microseconds{left});
  CAF_CHECK_EQUAL(decide_in(store, {about(2, {1})}), "+ 0");
}

CAF_TEST(a question past its deadline counts nothing) {
  const auto store = open();
  const auto late = ask<store_rate_limits_reply>(store, store_rate_limits{{about(1, {1})}, {}, clock->boot_now() - 1ns});
  CAF_CHECK(!late && fault_of(error) == fault::deadline);
  CAF_CHECK_EQUAL(decide_in(store, {about(1, {1})}), "+ 0");
}

CAF_TEST(redis answers the same questions alike and a bad key costs no other) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis{{.durable = false}};
  test::redis_store_host one{redis.url()};
  test::redis_store_host other{redis.url()};
  CAF_REQUIRE(one.comes_up() && other.comes_up());
  const auto decide_by = [](test::redis_store_host& host, std::vector<rate_question> questions, std::string process = {}) {
    return text_of(host.ask<store_rate_limits_reply>(store_rate_limits{std::move(questions), std::move(process), host.soon()}));
  };
  CAF_CHECK_EQUAL(decide_by(one, {about(3, {1, 1}), about(1, {1, 1}, "rate_limit:c:d")}, "p1"), "++ +- 1");
  CAF_CHECK_EQUAL(decide_by(other, {about(3, {1, 1})}, "p2"), "+- 2");
  redis.ask({"HSET", "rate_limit:bad:x", "a", "b"});
  CAF_CHECK_EQUAL(decide_by(one, {about(3, {1}, "rate_limit:bad:x"), about(3, {1}, "rate_limit:c:e", rate_algorithm::smooth)}),
                  "!store_refused + 0");
  redis.ask({"SCRIPT", "FLUSH"});
  CAF_CHECK_EQUAL(decide_by(one, {about(3, {1}), about(4, {1, 1})}), "- +- 0");
  redis.ask({"REPLICAOF", "127.0.0.1", "1"});
  CAF_CHECK_EQUAL(decide_by(one, {about(9, {1})}), "(none)");
}

CAF_TEST_FIXTURE_SCOPE_END()

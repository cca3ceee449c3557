#define CAF_SUITE store_distinct

#include "actors/embedded_store.hpp"
#include "config/keys.hpp"
#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "tests/support/actor_fixture.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

const std::string sketch = keys::distinct("metrics:feature_usage:grid");

std::vector<std::string> users(int from, int until) {
  std::vector<std::string> names;
  for (int i = from; i < until; ++i)
    names.push_back("user_" + std::to_string(i));
  return names;
}

bool is_about(std::optional<std::uint64_t> count, double expected) {
  return count && std::abs(static_cast<double>(*count) / expected - 1) < 0.033; // four standard errors
}

struct store_distinct_fixture : test::actor_fixture {
  test::temporary_folder folder;
  store_actor store = sys.spawn(embedded_store, embedded_store_settings{folder.file("store.sqlite"), {}, {}}, clock_ptr{clock});

  ~store_distinct_fixture() {
    caf::anon_send_exit(store, caf::exit_reason::kill);
    consume_messages(); // while its folder is there
  }
  boot_time soon() const { return clock->boot_now() + 1s; }
  bool add(const std::string& key, std::vector<std::string> elements) {
    return ask<done>(store, store_add_distinct{key, std::move(elements), soon()}).has_value();
  }
  std::vector<std::optional<std::uint64_t>> count(std::vector<std::string> keys) {
    return ask<store_distinct_found>(store, store_count_distinct{std::move(keys), soon()}).value_or(store_distinct_found{}).counts;
  }
};

// The same of a real Redis.
struct redis_side {
  explicit redis_side(const test::redis_server& redis) : host{redis.url()} {}
  bool add(const std::string& key, std::vector<std::string> elements) {
    return host.ask<done>(store_add_distinct{key, std::move(elements), host.soon()}).has_value();
  }
  std::vector<std::optional<std::uint64_t>> count(std::vector<std::string> keys) {
    return host.ask<store_distinct_found>(store_count_distinct{std::move(keys), host.soon()}).value_or(store_distinct_found{}).counts;
  }
  test::redis_store_host host;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_distinct_tests, store_distinct_fixture)

CAF_TEST(the embedded store counts each element once whatever is repeated) {
  CAF_CHECK(add(sketch, users(0, 3)));
  CAF_CHECK(add(sketch, users(0, 3)));
  CAF_CHECK(add(sketch, users(2, 5)));
  const auto counts = count({sketch, "holdfast:distinct:{none}"});
  CAF_CHECK(counts == (std::vector<std::optional<std::uint64_t>>{5, 0}));
  for (int i = 0; i < 40; ++i)
    add(sketch, users(i * 500, (i + 1) * 500));
  CAF_CHECK(is_about(count({sketch})[0], 20'000));
}

CAF_TEST(the embedded store leaves other values alone and does nothing too late) {
  CAF_CHECK(ask<done>(store, store_write{"text", "hello", {}, soon()}).has_value());
  CAF_CHECK(!add("text", users(0, 1)));
  CAF_CHECK(fault_of(error) == fault::store_refused);
  CAF_CHECK(count({"text"}) == (std::vector<std::optional<std::uint64_t>>{std::nullopt}));
  CAF_CHECK(!ask<done>(store, store_add_distinct{sketch, users(0, 1), clock->boot_now() - 1ms}).has_value());
  CAF_CHECK(count({sketch})[0] == 0u);
}

CAF_TEST(redis counts each element once whatever is repeated) {
  test::redis_server redis{{.durable = false}};
  redis_side side{redis};
  CAF_CHECK(side.add(sketch, users(0, 3)));
  CAF_CHECK(side.add(sketch, users(0, 3)));
  CAF_CHECK(side.count({}).empty());
  CAF_CHECK(side.host.error == fault::none);
  CAF_CHECK(side.count({sketch, "holdfast:distinct:{none}"}) == (std::vector<std::optional<std::uint64_t>>{3, 0}));
  for (int i = 0; i < 40; ++i)
    side.add(sketch, users(i * 500, (i + 1) * 500));
  CAF_CHECK(is_about(side.count({sketch})[0], 20'000));
  CAF_CHECK_EQUAL(redis.ask({"TYPE", sketch}), "string");
}

CAF_TEST(a key of redis that holds something else costs no other key) {
  test::redis_server redis{{.durable = false}};
  redis.ask({"SADD", "set", "x"});
  redis_side side{redis};
  CAF_CHECK(side.add(sketch, users(0, 2)));
  CAF_CHECK(!side.add("set", users(0, 2)));
  CAF_CHECK(side.host.error == fault::store_refused);
  CAF_CHECK(side.count({"set", sketch}) == (std::vector<std::optional<std::uint64_t>>{std::nullopt, 2}));
}

CAF_TEST(with redis killed adding and counting are answered at once and go on when it is back) {
  test::redis_server redis{{.durable = false}};
  redis_side side{redis};
  CAF_CHECK(side.add(sketch, users(0, 3)));
  redis.kill();
  CAF_CHECK(test::wait_until([&] { return !side.host.status().up; }));
  CAF_CHECK(!side.add(sketch, users(3, 4)));
  CAF_CHECK(side.host.error == fault::store_away);
  CAF_CHECK(side.count({sketch}).empty());
  redis.start();
  CAF_CHECK(side.host.comes_up());
  CAF_CHECK(side.add(sketch, users(0, 4)));
  CAF_CHECK(side.count({sketch})[0] == 4u);
}

CAF_TEST_FIXTURE_SCOPE_END()

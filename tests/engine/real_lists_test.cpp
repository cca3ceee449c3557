// The main job on the recordings: served over HTTP, kept in a real Redis, read by whoever reads plain JSON.
#define CAF_SUITE real_lists

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "config/keys.hpp"
#include "engine/engine.hpp"
#include "tests/support/runtime_recordings.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_simple_json.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::simple_json;
using test::wait_until;

namespace {

using row = std::map<std::string, std::string>;
using rows = std::vector<row>;

std::string text_of(const simple_json& object, const std::string& name) {
  for (std::size_t i = 0; i < object.keys.size(); ++i)
    if (object.keys[i] == name)
      return object.elements[i].text;
  return {};
}

rows rows_of(const simple_json& array, const std::vector<std::string>& fields) {
  rows found;
  for (const auto& one : array.elements) {
    row next;
    for (const auto& field : fields)
      next[field] = text_of(one, field);
    found.push_back(std::move(next));
  }
  return found;
}

const std::vector<std::string> promised{"symbol", "baseAsset", "quoteAsset", "status"};

// What the contract promises, in plain words: TRADING and quoted in USDT, priority assets first in their order and then as the
// exchange has them, the rest by name.
rows expected_list(const std::string& body, const std::vector<std::string>& priority) {
  const auto whole = test::simple_json_reader{body}.read();
  if (!whole)
    return {};
  rows list;
  for (std::size_t i = 0; i < whole->keys.size(); ++i)
    if (whole->keys[i] == "symbols")
      list = rows_of(whole->elements[i], promised);
  std::erase_if(list, [](const row& one) { return one.at("status") != "TRADING" || one.at("quoteAsset") != "USDT"; });
  const auto rank = [&](const row& one) { return std::find(priority.begin(), priority.end(), one.at("baseAsset")) - priority.begin(); };
  std::stable_sort(list.begin(), list.end(), [&](const row& a, const row& b) {
    const auto last = static_cast<std::ptrdiff_t>(priority.size());
    if (rank(a) != rank(b) || rank(a) != last)
      return rank(a) < rank(b);
    return a.at("symbol") < b.at("symbol");
  });
  return list;
}

struct host {
  explicit host(engine_config& config) : system{config}, front{system} {}
  caf::actor_system system;
  engine front;
};

struct fixture {
  test::temporary_folder folder;
  std::optional<test::redis_server> redis;
  engine_config config;
  std::array<std::string, market_count> bodies;
  std::unique_ptr<simulated_exchange> exchange;

  fixture() {
    if (test::redis_server::installed())
      redis.emplace();
  }
  bool serve(const char* spot, const char* futures) {
    const auto one = test::recording(spot);
    const auto other = test::recording(futures);
    if (!one || !other || !redis) {
      CAF_MESSAGE("skipped: no recordings, or no redis-server");
      return false;
    }
    bodies = {*one, *other};
    exchange = std::make_unique<simulated_exchange>(simulated_exchange_options{.bodies = bodies});
    config.state_dir = folder.file("state");
    config.redis_url = redis->url();
    config.spot_urls = config.futures_urls = {exchange->url()};
    config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
    return true;
  }
  rows stored(std::string_view key) const {
    const auto array = test::simple_json_reader{redis->get(std::string{key})}.read();
    return array ? rows_of(*array, promised) : rows{};
  }
  void check(engine& front, market which) const {
    const auto wanted = expected_list(bodies[index(which)], config.priority(which));
    CAF_REQUIRE(wanted.size() > 100);
    const auto first = front.symbols_sync(which, 5s);
    CAF_REQUIRE(first.table != nullptr);
    CAF_CHECK(wait_until([&] { return stored(keys::symbols_last_good(which)) == wanted; }));
    CAF_CHECK(stored(keys::symbols_cache(which)) == wanted);
    CAF_CHECK_EQUAL(redis->get(std::string{keys::symbols_cache(which)}), redis->get(std::string{keys::symbols_last_good(which)}));
    CAF_CHECK_EQUAL(redis->command({"TTL", std::string{keys::symbols_last_good(which)}}).integer, -1);
    const auto ttl = redis->command({"TTL", std::string{keys::symbols_cache(which)}}).integer;
    CAF_CHECK(ttl > 270 && ttl <= 300);
    const auto refreshed = std::stoll(redis->get(std::string{keys::last_refresh(which)}));
    const auto fetched = std::chrono::floor<std::chrono::seconds>(*first.fetched_at).time_since_epoch().count();
    CAF_CHECK_EQUAL(refreshed, fetched);
    for (int i = 0; i < 10; ++i)
      CAF_CHECK(!front.symbols_sync(which, 10s).stale);
    CAF_CHECK(front.flush(10s));
    CAF_CHECK_EQUAL(redis->get(std::string{keys::cache_hit(which)}), "10");
    CAF_CHECK_EQUAL(redis->get(std::string{keys::cache_miss(which)}), "1");
    CAF_CHECK_EQUAL(exchange->requests(which), 1u);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(real_lists_tests, fixture)

CAF_TEST(both lists of the older recordings are exactly what the contract says) {
  if (!serve("spot_2020-10-09.json", "futures_2022-12-22.json"))
    return;
  host one{config};
  for (const auto which : all_markets)
    check(one.front, which);
}

CAF_TEST(both lists of the newer recordings are exactly what the contract says) {
  if (!serve("spot_2022-09-22.json", "futures_2025-08-22.json"))
    return;
  host one{config};
  for (const auto which : all_markets)
    check(one.front, which);
}

CAF_TEST(four fields of another program cost no rule and no symbol that is known) {
  if (!serve("spot_2022-09-22.json", "futures_2025-08-22.json"))
    return;
  symbol_table_ptr known;
  {
    host one{config};
    known = one.front.symbols_sync(market::spot, 5s).table;
    CAF_REQUIRE(known != nullptr);
    CAF_CHECK(wait_until([&] { return !redis->get("cache:symbols:spot:last_good").empty(); }));
  }
  std::string array;
  for (const auto& one : stored("cache:symbols:spot:v1")) {
    array += array.empty() ? "[" : ",";
    array += "{\"symbol\":\"" + one.at("symbol") + "\",\"baseAsset\":\"" + one.at("baseAsset") + "\",\"quoteAsset\":\""
             + one.at("quoteAsset") + "\",\"status\":\"TRADING\"}";
  }
  redis->command({"FLUSHALL"});
  redis->command({"SET", "cache:symbols:spot:v1", array + "]", "EX", "200"});
  host next{config};
  const auto reply = next.front.symbols_sync(market::spot, 5s);
  CAF_REQUIRE(reply.table != nullptr);
  CAF_CHECK(!reply.stale);
  CAF_CHECK(reply.source == symbols_source::cache);
  CAF_CHECK_EQUAL(reply.table->content_hash(), known->content_hash());
  CAF_CHECK_EQUAL(exchange->requests(market::spot), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()

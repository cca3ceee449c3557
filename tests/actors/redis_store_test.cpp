#define CAF_SUITE redis_store

#include "actors/redis_store.hpp"

#include <atomic>

#include "config/keys.hpp"
#include "runtime/fencing_token.hpp"
#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_redis_proxy.hpp"
#include "tests/support/runtime_redis_server.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

struct redis_store_fixture {
  test::redis_server redis{{.durable = false}};
};

store_symbols symbols_of(table_order order, std::string text, boot_time deadline) {
  return {market::spot, order, text, text, 1'700'000'000, 300s, deadline};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(redis_store_tests, redis_store_fixture)

CAF_TEST(the first question waits for the first connection) {
  redis.ask({"SET", "k", "v"});
  test::redis_store_host host{redis.url()};
  CAF_CHECK_EQUAL(host.text("k"), "v");
}

CAF_TEST(a value expires when it was told to and is gone when it was erased) {
  test::redis_store_host host{redis.url()};
  CAF_CHECK(host.ask<done>(store_write{"k", "v", 100s, host.soon()}).has_value());
  CAF_CHECK(host.read("k")->ttl_left.value_or(0ms) > 90s);
  CAF_CHECK(host.write("k", "w"));
  CAF_CHECK(!host.read("k")->ttl_left.has_value());
  CAF_CHECK(host.ask<done>(store_erase{"k", host.soon()}).has_value());
  CAF_CHECK_EQUAL(host.text("k"), "(none)");
}

CAF_TEST(a question past its deadline changes nothing) {
  test::redis_store_host host{redis.url()};
  CAF_CHECK(!host.ask<done>(store_write{"late", "1", {}, boot_clock::now() - 1ms}).has_value());
  CAF_CHECK(host.error == fault::deadline);
  CAF_CHECK_EQUAL(host.text("late"), "(none)");
}

CAF_TEST(what waits goes out in one pipeline) {
  std::atomic<int> pieces{0};
  test::resp_peer peer{redis.socket(), {[&](const std::string&) {
                                          ++pieces;
                                          return test::misdeed{};
                                        },
                                        {}}};
  auto settings = test::store_settings(peer.url());
  settings.command_timeout = 10s;
  test::redis_store_host host{settings};
  CAF_REQUIRE(host.comes_up());
  redis.freeze(); // they wait for the first of them
  const auto before = pieces.load();
  for (int i = 0; i < 1000; ++i)
    caf::anon_send(host.store, store_raise{"metrics:a:" + std::to_string(i), 1, host.soon(30s)});
  redis.thaw();
  CAF_CHECK(host.ask<done>(store_raise{"metrics:a:last", 1, host.soon(30s)}).has_value());
  CAF_CHECK_EQUAL(redis.get("metrics:a:999"), "1");
  CAF_CHECK_LESS(pieces.load() - before, 50);
}

CAF_TEST(scripts that the server forgot are sent again inside a pipeline and nothing is done twice) {
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  for (std::uint64_t i = 0; i < 5; ++i) {
    redis.ask({"SCRIPT", "FLUSH"});
    for (int k = 0; k < 50; ++k)
      caf::anon_send(host.store, store_merge{{host.row_of("metrics:k:" + std::to_string(k), i)}, host.soon()});
    const auto last = host.merge("metrics:k:last", i);
    CAF_REQUIRE(last.has_value());
    CAF_CHECK(last->verdicts[0].outcome == merge_outcome::merged);
  }
  for (int k = 0; k < 50; ++k)
    CAF_CHECK_EQUAL(redis.get("metrics:k:" + std::to_string(k)), "5");
  CAF_CHECK(redis.ask({"INFO", "commandstats"}).find("cmdstat_evalsha:calls=") != std::string::npos);
}

CAF_TEST(counters are read with the states of the writers that were asked for) {
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.merge("metrics:a:b").has_value());
  redis.ask({"SET", "metrics:text:x", "abc"});
  redis.ask({"HSET", "metrics:hash:x", "f", "v"});
  const auto found = host.ask<store_counters_found>(store_read_counters{
    {{"metrics:a:b", {std::string(32, 'a'), std::string(32, 'c')}}, {"metrics:text:x", {}}, {"metrics:hash:x", {}}, {"none", {}}},
    host.soon()});
  CAF_REQUIRE(found.has_value());
  CAF_REQUIRE_EQUAL(found->found.size(), 4u);
  CAF_CHECK(found->found[0].value == 1);
  CAF_CHECK((found->found[0].states == std::vector<std::string>{"1 0", ""}));
  CAF_CHECK(found->found[1].exists && !found->found[1].value);
  CAF_CHECK(found->found[2].exists && !found->found[2].value);
  CAF_CHECK(!found->found[3].exists);
}

CAF_TEST(thousands of counters are read in pieces between which others are answered) {
  constexpr int many = 3000;
  redis.ask({"EVAL", "for i = 0, 2999 do redis.call('SET', 'metrics:many:' .. i, i) end", "0"});
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  store_read_counters question{{}, host.soon()};
  for (int i = 0; i < many; ++i)
    question.reads.push_back({"metrics:many:" + std::to_string(i), {}});
  question.reads[1].writers.assign(5000, std::string(32, 'a')); // more than a piece by itself
  redis.ask({"CONFIG", "RESETSTAT"});
  const auto found = host.ask<store_counters_found>(question);
  CAF_REQUIRE(found.has_value());
  CAF_REQUIRE_EQUAL(found->found.size(), question.reads.size());
  int wrong = 0;
  for (int i = 0; i < many; ++i)
    wrong += found->found[static_cast<std::size_t>(i)].value == i ? 0 : 1;
  CAF_CHECK_EQUAL(wrong, 0);
  CAF_CHECK_EQUAL(found->found[1].states.size(), 5000u);
  const auto stats = redis.ask({"INFO", "commandstats"});
  const std::string calls = "cmdstat_evalsha:calls=";
  CAF_REQUIRE(stats.find(calls) != std::string::npos);
  CAF_CHECK(std::stoi(stats.substr(stats.find(calls) + calls.size())) >= 5);
  const auto none = host.ask<store_counters_found>(store_read_counters{{}, host.soon()});
  CAF_CHECK(none && none->found.empty());
}

CAF_TEST(foreign counters are listed when they are asked for) {
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.merge("metrics:own:a").has_value());
  for (int i = 0; i < 3000; ++i)
    redis.ask({"SET", "cache:x:" + std::to_string(i), "1"});
  redis.ask({"SET", "metrics:foreign:a", "1"});
  redis.ask({"HSET", "metrics:foreign:hash", "f", "1"});
  const auto list = [&](std::string glob, bool foreign) {
    return host.ask<store_keys>(store_list_counters{std::move(glob), foreign, host.soon()}).value_or(store_keys{}).keys;
  };
  CAF_CHECK((list("metrics:*", false) == std::vector<std::string>{"metrics:own:a"}));
  CAF_CHECK((list("metrics:*", true) == std::vector<std::string>{"metrics:foreign:a", "metrics:own:a"}));
  CAF_CHECK((list("*:foreign:*", true) == std::vector<std::string>{"metrics:foreign:a"}));
}

CAF_TEST(counters of other programs are found however many keys are before them) {
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.merge("metrics:own:a").has_value());
  // One question looks at 100,000 keys.
  redis.ask({"EVAL", "for i = 1, 250000 do redis.call('SET', 'cache:x:' .. i, '1') end", "0"});
  for (int i = 0; i < 20; ++i)
    redis.ask({"SET", "metrics:foreign:" + std::to_string(i), "1"});
  const auto look = [&] {
    return host.ask<store_keys>(store_list_counters{"metrics:*", true, host.soon(30s)}).value_or(store_keys{});
  };
  const auto first = look();
  CAF_CHECK(!first.complete);
  CAF_CHECK_LESS(first.keys.size(), 21u);
  auto last = look();
  CAF_CHECK(last.keys.size() >= first.keys.size()); // nothing that was found is lost
  for (int looks = 2; looks < 5 && !last.complete; ++looks)
    last = look();
  CAF_CHECK(last.complete);
  CAF_CHECK_EQUAL(last.left_out, 0u);
  CAF_CHECK_EQUAL(last.keys.size(), 21u);
}

CAF_TEST(of counters of other programs a bounded number is kept and the rest counted) {
  test::redis_store_host host{redis.url()};
  redis.ask({"EVAL", "for i = 1, 21000 do redis.call('SET', 'metrics:foreign:' .. i, '1') end", "0"});
  const auto found = host.ask<store_keys>(store_list_counters{"metrics:*", true, host.soon(30s)}).value_or(store_keys{});
  CAF_CHECK(found.complete);
  CAF_CHECK_EQUAL(found.keys.size(), 20'000u);
  CAF_CHECK(found.left_out >= 1000u);
}

CAF_TEST(a table is announced to every process and a stale one to nobody) {
  test::redis_store_host one{redis.url()};
  test::redis_store_host two{redis.url()};
  CAF_REQUIRE(wait_until([&] { return redis.ask({"PUBSUB", "NUMSUB", "holdfast:announce"}) == "holdfast:announce 2"; }));
  CAF_CHECK(one.ask<done>(symbols_of({7, 3}, "[]", one.soon())).has_value());
  CAF_CHECK(wait_until([&] { return two.news->announcements() == 1; }));
  CAF_CHECK((two.news->announced[0].order == table_order{7, 3}));
  CAF_CHECK(two.news->announced[0].which == market::spot);
  CAF_CHECK(!one.ask<done>(symbols_of({6, 9}, "[1]", one.soon())).has_value());
  CAF_CHECK(one.error == fault::fenced);
  CAF_CHECK(one.ask<done>(symbols_of({8, 1}, "[2]", one.soon())).has_value());
  CAF_CHECK(wait_until([&] { return two.news->announcements() >= 2; }));
  CAF_CHECK((two.news->announced[1].order == table_order{8, 1}));
  CAF_CHECK_EQUAL(redis.get("cache:symbols:spot:last_good"), "[2]");
}

CAF_TEST(a copy of a write that comes late makes no list last longer) {
  test::redis_store_host host{redis.url()};
  const auto lasts = [&] { return std::stoll(redis.ask({"PTTL", "cache:symbols:spot:v1"})); };
  auto told = symbols_of({7, 3}, "[]", host.soon());
  told.ttl = 60s;
  CAF_REQUIRE(host.ask<done>(told).has_value());
  told.ttl = 300s;
  CAF_REQUIRE(host.ask<done>(told).has_value());
  CAF_CHECK(lasts() > 0 && lasts() <= 60'000);
  told.order = {7, 4};
  CAF_REQUIRE(host.ask<done>(told).has_value());
  CAF_CHECK(lasts() > 60'000);
  redis.ask({"DEL", "cache:symbols:spot:v1"});
  CAF_REQUIRE(host.ask<done>(told).has_value());
  CAF_CHECK(lasts() > 60'000);
}

CAF_TEST(announcements are heard again after the connection was lost) {
  test::redis_proxy proxy{redis.socket(), 1};
  test::redis_store_host host{proxy.url()};
  CAF_REQUIRE(host.comes_up());
  for (std::uint64_t round = 1; round < 4; ++round) {
    proxy.cut_all();
    redis.kill();
    redis.start();
    CAF_CHECK(wait_until([&] {
      redis.ask({"PUBLISH", "holdfast:announce", "futures 0000000000000000000" + std::to_string(round) + " 00000000000000000009"});
      const std::lock_guard guard{host.news->mutex};
      return !host.news->announced.empty() && host.news->announced.back().order == table_order{round, 9};
    }));
  }
  for (const auto* text : {"", "spot", "spot x y", "bonds 00000000000000000001 00000000000000000001", "spot 1 2"})
    redis.ask({"PUBLISH", "holdfast:announce", text});
  CAF_CHECK(wait_until([&] { return host.text("none") == "(none)"; }));
}

CAF_TEST(a lease is held by one and its token grows with every grant) {
  test::redis_store_host host{redis.url()};
  const auto want = [&](std::string holder, std::chrono::milliseconds ttl) {
    return host.ask<lease_reply>(lease_wanted{"refresh:spot", std::move(holder), ttl, host.soon()}).value_or(lease_reply{});
  };
  const auto first = want("one", 100s);
  CAF_CHECK(first.granted);
  CAF_CHECK(!want("two", 100s).granted);
  CAF_CHECK(host.ask<done>(lease_returned{"refresh:spot", "one", host.soon()}).has_value());
  const auto second = want("two", 100s);
  CAF_CHECK(second.granted);
  CAF_CHECK(second.token > first.token);
}

CAF_TEST(a token that nobody can have been given holds up no lease and no table) {
  test::redis_store_host host{redis.url()};
  const auto fence = keys::fence(keys::symbols_full(market::spot));
  table_order order{1, 0};
  CAF_REQUIRE(host.ask<done>(symbols_of(order, "[]", host.soon())).has_value());
  const auto links = host.status().reconnects;
  for (const auto* token : {"1152921504606846976", "18446744073709551615", "9e99", "nan", "-1", "text"}) {
    redis.ask({"HSET", keys::lease("fetch:spot"), "holder", "", "until", "text", "token", token});
    const auto lease = host.ask<lease_reply>(lease_wanted{"fetch:spot", "one", 100s, host.soon(), UINT64_MAX});
    CAF_REQUIRE(lease && lease->granted);
    CAF_CHECK(lease->token > 1'700'000'000'000'000 && lease->token <= token_max);
    const auto above = host.ask<lease_reply>(lease_wanted{"fetch:spot", "one", 100s, host.soon(), lease->token + 1'000'000'000});
    CAF_REQUIRE(above);
    CAF_CHECK_EQUAL(above->token, lease->token + 1'000'000'001);
    redis.ask({"SET", fence, std::string{token} + " 00000000000000000000"});
    ++order.token;
    CAF_CHECK(host.ask<done>(symbols_of(order, "[]", host.soon())).has_value());
    CAF_CHECK_EQUAL(redis.get(fence), to_text(order));
  }
  CAF_CHECK(host.status().reconnects == links);
}

CAF_TEST(the highest token that is believed is obeyed) {
  test::redis_store_host host{redis.url()};
  const auto fence = keys::fence(keys::symbols_full(market::spot));
  redis.ask({"SET", fence, to_text(table_order{token_max, 0})});
  CAF_CHECK(!host.ask<done>(symbols_of({token_max - 1, 0}, "[]", host.soon())).has_value());
  CAF_CHECK(host.error == fault::fenced);
  redis.ask({"SET", fence, to_text(table_order{token_max + 1, 0})});
  CAF_CHECK(host.ask<done>(symbols_of({token_max - 1, 0}, "[]", host.soon())).has_value());
}

CAF_TEST(a store that was emptied or restarted is told as another one) {
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  CAF_CHECK(wait_until([&] { return host.news->count(store_change::link_up) == 1; }));
  CAF_CHECK_EQUAL(host.news->count(store_change::identity), 0);
  redis.ask({"FLUSHALL"});
  CAF_CHECK(wait_until([&] { return host.news->count(store_change::identity) == 1; }));
  CAF_CHECK_EQUAL(host.news->count(store_change::link_down), 0);
  CAF_CHECK(redis.get("holdfast:epoch").size() == 32);
  redis.kill();
  redis.start();
  CAF_CHECK(wait_until([&] { return host.news->count(store_change::identity) == 2; }));
}

CAF_TEST(an idle link is watched) {
  test::redis_store_host host{redis.url()};
  CAF_CHECK(wait_until([&] { return host.news->count(store_change::link_up) == 1; }));
  redis.kill();
  CAF_CHECK(wait_until([&] { return host.news->count(store_change::link_down) == 1; }));
  redis.start();
  CAF_CHECK(wait_until([&] { return host.news->count(store_change::link_up) == 2; }));
}

CAF_TEST_FIXTURE_SCOPE_END()

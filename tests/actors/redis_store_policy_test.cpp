#define CAF_SUITE redis_store_policy

#include "actors/redis_store.hpp"

#include <filesystem>
#include <thread>

#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_redis_proxy.hpp"
#include "tests/support/runtime_redis_server.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::wait_until;

namespace {

// Protected settings may be changed; values are not lost at a kill.
struct redis_store_policy_fixture {
  test::captured_log log;
  test::redis_server redis{{.durable = false}};

  void set(std::string name, std::string value) {
    CAF_CHECK_EQUAL(redis.ask({"CONFIG", "SET", std::move(name), std::move(value)}), "OK");
  }
  // Of a user who has these rights.
  redis_store_settings settings_of_user(const std::string& name, const std::vector<std::string>& rights) {
    std::vector<std::string> command{"ACL", "SETUSER", name, "on", ">pw"};
    command.insert(command.end(), rights.begin(), rights.end());
    CAF_CHECK_EQUAL(redis.ask(command), "OK");
    auto settings = test::store_settings(redis.url());
    settings.url.user = name;
    settings.url.password = "pw";
    return settings;
  }
  // Asks for a while; the server must hardly notice.
  template <class Question>
  std::uint64_t commands_while(test::redis_store_host& host, Question question) {
    const auto before = host.status().commands;
    const auto end = boot_clock::now() + 300ms;
    int asked = 0;
    // However slow the machine is: one answer may take as long as all others.
    while (boot_clock::now() < end || (asked <= 10 && boot_clock::now() < end + 10s)) {
      question();
      ++asked;
    }
    CAF_CHECK(asked > 10);
    return host.status().commands - before;
  }
  void writes_recover(test::redis_store_host& host) {
    CAF_CHECK(wait_until([&] { return host.write("after", "1"); }));
    CAF_CHECK(host.status().last_error.empty());
    CAF_CHECK_EQUAL(log.warnings("redis link failed reason="), 1);
    CAF_CHECK_EQUAL(log.count(spdlog::level::info, "redis link works again"), 1);
  }
  // A server that takes no writes: reads go on, writes are refused at once and not tried hot, then all is well again.
  void check_refused_writes(test::redis_store_host& host, fault answer) {
    CAF_CHECK(!host.merge("metrics:a:b"));
    CAF_CHECK(host.error == answer);
    int others = 0;
    CAF_CHECK_LESS(commands_while(host, [&] { others += !host.write("k", "new") && host.error == answer ? 0 : 1; }), 40u);
    CAF_CHECK_EQUAL(others, 0);
    CAF_CHECK_EQUAL(host.text("k"), "old");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(redis_store_policy_tests, redis_store_policy_fixture)

CAF_TEST(a full server gets no writes for a while and goes on answering reads) {
  redis.ask({"SET", "k", "old"});
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  set("maxmemory", "1");
  check_refused_writes(host, fault::store_refused);
  set("maxmemory", "0");
  writes_recover(host);
  CAF_CHECK_EQUAL(host.news->count(store_change::link_down), 0);
}

CAF_TEST(a server that refuses writes is told as such until it takes them although nobody has any) {
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  CAF_CHECK(host.status().takes_writes);
  set("maxmemory", "1");
  CAF_CHECK(!host.merge("metrics:a:b"));
  const auto refused = host.status();
  CAF_CHECK(refused.up);
  CAF_CHECK(!refused.takes_writes);
  CAF_CHECK(refused.last_error.starts_with("OOM"));
  set("maxmemory", "0");
  CAF_CHECK(wait_until([&] { return host.status().takes_writes; }));
  const auto after = host.status();
  CAF_CHECK(after.last_error.empty());
}

CAF_TEST(a question that had nothing to write does not show that writes are taken) {
  redis.ask({"SET", "metrics:a:newest", "9"});
  auto settings = test::store_settings(redis.url());
  settings.check_interval = 1h;
  test::redis_store_host host{settings};
  CAF_REQUIRE(host.comes_up());
  set("maxmemory", "1");
  CAF_CHECK(!host.merge("metrics:a:b"));
  CAF_CHECK(wait_until([&] { return host.ask<done>(store_raise{"metrics:a:newest", 5, host.soon()}).has_value(); }));
  CAF_CHECK(!host.status().takes_writes);
}

CAF_TEST(a server that is full from the start is connected to and gets its epoch later) {
  redis.ask({"SET", "k", "old"});
  set("maxmemory", "1");
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  check_refused_writes(host, fault::store_refused);
  CAF_CHECK_EQUAL(redis.ask({"EXISTS", "holdfast:epoch"}), "0");
  set("maxmemory", "0");
  writes_recover(host);
  CAF_CHECK(wait_until([&] { return redis.ask({"EXISTS", "holdfast:epoch"}) == "1"; }));
}

CAF_TEST(a server that cannot save gets no writes for a while) {
  redis.ask({"SET", "k", "old"});
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  std::filesystem::create_directory(redis.folder() / "dump.rdb"); // in the way of every snapshot
  set("save", "3600 1");
  redis.ask({"BGSAVE"});
  CAF_REQUIRE(wait_until([&] { return redis.ask({"SET", "x", "1"}).starts_with("MISCONF"); }));
  check_refused_writes(host, fault::store_refused);
  set("stop-writes-on-bgsave-error", "no");
  writes_recover(host);
}

CAF_TEST(a server that became a replica is connected to anew and read meanwhile) {
  redis.ask({"SET", "k", "old"});
  test::redis_proxy proxy{redis.socket(), 1};
  test::redis_store_host host{proxy.url()};
  CAF_REQUIRE(host.comes_up());
  redis.ask({"REPLICAOF", "127.0.0.1", "1"});
  const auto before = proxy.connections();
  check_refused_writes(host, fault::store_away);
  CAF_CHECK(proxy.connections() > before);
  CAF_CHECK_LESS(proxy.connections() - before, 20u);
  redis.ask({"REPLICAOF", "NO", "ONE"});
  writes_recover(host);
  CAF_CHECK(wait_until([&] { return host.news->count(store_change::identity) >= 1; }));
}

CAF_TEST(a server without enough replicas is connected to anew and read meanwhile) {
  redis.ask({"SET", "k", "old"});
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  set("min-replicas-to-write", "1");
  check_refused_writes(host, fault::store_away);
  set("min-replicas-to-write", "0");
  writes_recover(host);
}

CAF_TEST(a replica that serves nothing is left alone until it does) {
  redis.ask({"SET", "k", "old"});
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  set("replica-serve-stale-data", "no");
  redis.ask({"REPLICAOF", "127.0.0.1", "1"});
  CAF_CHECK(wait_until([&] { return host.text("k") == "store_away"; }));
  CAF_CHECK(wait_until([&] { return host.status().last_error.starts_with("MASTERDOWN"); }));
  redis.ask({"REPLICAOF", "NO", "ONE"});
  CAF_CHECK(wait_until([&] { return host.text("k") == "old"; }));
  writes_recover(host);
}

CAF_TEST(a server that is busy with a script is left alone until it is not) {
  redis.ask({"SET", "k", "old"});
  test::redis_store_host host{redis.url()};
  CAF_REQUIRE(host.comes_up());
  set("busy-reply-threshold", "10");
  std::thread busy{[&] { redis.ask({"EVAL", "while true do end", "0"}); }};
  CAF_CHECK(wait_until([&] { return host.status().last_error.starts_with("BUSY"); }));
  CAF_CHECK_LESS(commands_while(host, [&] { host.merge("metrics:a:b"); }), 40u);
  CAF_CHECK_EQUAL(redis.ask({"SCRIPT", "KILL"}), "OK");
  busy.join();
  CAF_CHECK(wait_until([&] { return host.text("k") == "old"; }));
  writes_recover(host);
}

CAF_TEST(a server that is loading or whose cluster is down is come back to) {
  redis.ask({"SET", "k", "old"});
  test::redis_proxy proxy{redis.socket(), 1};
  test::redis_store_host host{proxy.url()};
  for (const std::string text : {"LOADING Redis is loading the dataset in memory", "CLUSTERDOWN The cluster is down"}) {
    CAF_REQUIRE(wait_until([&] { return host.text("k") == "old"; }));
    const auto reply = '-' + text + "\r\n";
    proxy.next({.kind = test::misdeed_kind::say, .seen = "EVALSHA", .text = reply});
    CAF_CHECK(!host.merge("metrics:a:b"));
    CAF_CHECK(host.error == fault::store_away);
    CAF_CHECK(wait_until([&] { return host.merge("metrics:b:" + std::to_string(text.size())).has_value(); }));
  }
  CAF_CHECK_EQUAL(host.news->count(store_change::link_down), 2);
}

CAF_TEST(a password that was set meanwhile is asked for rarely and its removal noticed) {
  test::redis_proxy proxy{redis.socket(), 1};
  test::redis_store_host host{proxy.url()};
  CAF_REQUIRE(host.comes_up());
  set("requirepass", "secret");
  proxy.cut_all();
  CAF_CHECK(wait_until([&] { return host.status().last_error.starts_with("NOAUTH"); }));
  const auto before = proxy.connections();
  CAF_CHECK_EQUAL(commands_while(host, [&] { host.merge("metrics:a:b"); }), 0u);
  CAF_CHECK_LESS(proxy.connections() - before, 3u);
  auto url = *redis_url::parse(redis.url());
  url.password = "secret";
  auto client = redis_client::connect(url, host.soon());
  CAF_REQUIRE(client.has_value());
  CAF_CHECK((*client)->run(std::vector<redis_command>{{"CONFIG", "SET", "requirepass", ""}}, host.soon()).has_value());
  writes_recover(host);
}

CAF_TEST(a wrong password is tried rarely and never logged) {
  set("requirepass", "secret");
  test::redis_proxy proxy{redis.socket(), 1};
  auto settings = test::store_settings(proxy.url());
  settings.url.password = "guessed";
  test::redis_store_host host{settings};
  CAF_CHECK(!host.merge("metrics:a:b"));
  CAF_CHECK(wait_until([&] { return host.status().last_error.starts_with("WRONGPASS"); }));
  commands_while(host, [&] { host.merge("metrics:a:b"); });
  CAF_CHECK_LESS(proxy.connections(), 4u);
  CAF_CHECK_EQUAL(log.warnings("guessed"), 0);
}

CAF_TEST(a user who may not merge reads on and is not refused hot) {
  redis.ask({"SET", "k", "old"});
  auto settings = settings_of_user("reader", {"~*", "&*", "+@all", "-incrby"});
  test::redis_store_host host{settings};
  CAF_REQUIRE(host.comes_up());
  int others = 0;
  CAF_CHECK_LESS(commands_while(host, [&] {
    others += !host.merge("metrics:a:b") && host.error == fault::store_refused ? 0 : 1;
  }), 40u);
  CAF_CHECK_EQUAL(others, 0);
  CAF_CHECK_EQUAL(host.text("k"), "old");
  CAF_CHECK(host.write("k", "new"));
  CAF_CHECK(!host.status().takes_writes);
  redis.ask({"ACL", "SETUSER", "reader", "+incrby"});
  CAF_CHECK(wait_until([&] { return host.merge("metrics:a:b").has_value(); }));
  CAF_CHECK(wait_until([&] { return host.status().takes_writes; }));
}

CAF_TEST(a key that this user may not touch costs no other row of its batch) {
  auto settings = settings_of_user("bound", {"~metrics:*", "~holdfast:*", "&*", "+@all"});
  test::redis_store_host host{settings};
  const auto reply = host.ask<store_merge_reply>(
    store_merge{{host.row_of("metrics:a:b"), host.row_of("forbidden"), host.row_of("metrics:a:c")}, host.soon()});
  CAF_REQUIRE(reply.has_value());
  CAF_REQUIRE_EQUAL(reply->verdicts.size(), 3u);
  CAF_CHECK(reply->verdicts[0].outcome == merge_outcome::merged);
  CAF_CHECK(reply->verdicts[1].outcome == merge_outcome::refused);
  CAF_CHECK(reply->verdicts[2].outcome == merge_outcome::merged);
  CAF_CHECK(host.merge("metrics:a:d").has_value()); // at once: nothing is paused
  CAF_CHECK_EQUAL(redis.get("metrics:a:b") + redis.get("metrics:a:c"), "11");
}

CAF_TEST(a key that this user may not touch costs no reading of another) {
  redis.ask({"ACL", "SETUSER", "bound", "on", ">pw", "~metrics:*", "~holdfast:*", "&*", "+@all"});
  redis.ask({"SET", "metrics:a:b", "1"});
  redis.ask({"SET", "forbidden", "2"});
  redis.ask({"SET", "metrics:a:c", "3"});
  auto settings = test::store_settings(redis.url());
  settings.url.user = "bound";
  settings.url.password = "pw";
  test::redis_store_host host{settings};
  const auto read = [&](std::vector<counter_read> reads) {
    return host.ask<store_counters_found>(store_read_counters{std::move(reads), host.soon()});
  };
  const auto found = read({{"metrics:a:b", {}}, {"forbidden", {}}, {"metrics:a:c", {std::string(32, 'a')}}});
  CAF_REQUIRE(found.has_value());
  CAF_REQUIRE_EQUAL(found->found.size(), 3u);
  CAF_CHECK(found->found[0].value == 1);
  CAF_CHECK(found->found[1].exists && !found->found[1].value);
  CAF_CHECK(found->found[2].value == 3);
  CAF_CHECK(!read({{"forbidden", {}}}).has_value());
  CAF_CHECK(host.error == fault::store_refused);
}

CAF_TEST(a user who may not write lists is told so until it may though counters are taken) {
  auto settings = settings_of_user("bound", {"~metrics:*", "~holdfast:*", "%R~cache:*", "&*", "+@all"});
  test::redis_store_host host{settings};
  CAF_REQUIRE(host.comes_up());
  const auto write_list = [&] {
    return host.ask<done>(store_symbols{market::spot, {7, 1}, "f", "[]", 1, 10s, host.soon()}).has_value();
  };
  CAF_CHECK(!write_list());
  CAF_CHECK(host.error == fault::store_refused);
  CAF_CHECK(host.merge("metrics:a:b").has_value());
  const auto end = boot_clock::now() + 3 * settings.check_interval; // no time heals it
  while (boot_clock::now() < end) {
    const auto told = host.status();
    CAF_CHECK(told.up && !told.takes_writes);
    CAF_CHECK(told.last_error.starts_with("NOPERM") && told.last_error.ends_with("(lists of spot)"));
  }
  redis.ask({"ACL", "SETUSER", "bound", "~cache:*"});
  CAF_CHECK(write_list());
  const auto after = host.status();
  CAF_CHECK(after.takes_writes);
  CAF_CHECK(after.last_error.empty());
}

CAF_TEST(a table that is fenced and a key of the host that is forbidden are no trouble of the store) {
  auto settings = settings_of_user("bound", {"~metrics:*", "~holdfast:*", "~cache:*", "&*", "+@all"});
  test::redis_store_host host{settings};
  CAF_REQUIRE(host.comes_up());
  CAF_CHECK(host.ask<done>(store_symbols{market::spot, {7, 2}, "f", "[]", 1, 10s, host.soon()}).has_value());
  CAF_CHECK(!host.ask<done>(store_symbols{market::spot, {7, 1}, "f", "[]", 1, 10s, host.soon()}).has_value());
  CAF_CHECK(host.error == fault::fenced);
  CAF_CHECK(!host.write("forbidden", "1"));
  CAF_CHECK(host.error == fault::store_refused);
  const auto told = host.status();
  CAF_CHECK(told.takes_writes);
  CAF_CHECK(told.last_error.empty());
}

CAF_TEST(the permissions that the documentation names are enough) {
  auto settings = settings_of_user("holdfast", {"~metrics:*", "~cache:*", "~holdfast:*", "~rate_limit:*",
             "&holdfast:announce", "+@read", "+@write", "+@scripting", "+@connection", "+@pubsub", "+info", "+time"});
  test::redis_store_host host{settings};
  CAF_CHECK(host.write("cache:x", "1"));
  CAF_CHECK_EQUAL(host.text("cache:x"), "1");
  CAF_CHECK(host.merge("metrics:a:b").has_value());
  CAF_CHECK(host.ask<store_keys>(store_list_counters{"*", true, host.soon()}).has_value());
  CAF_CHECK(host.ask<store_counters_found>(store_read_counters{{{"metrics:a:b", {}}}, host.soon()}).has_value());
  CAF_CHECK(host.ask<lease_reply>(lease_wanted{"x", "me", 10s, host.soon()}).has_value());
  CAF_CHECK(host.ask<done>(lease_returned{"x", "me", host.soon()}).has_value());
  CAF_CHECK(host.ask<done>(store_raise{"metrics:a:r", 5, host.soon()}).has_value());
  CAF_CHECK(host.ask<done>(store_symbols{market::spot, {7, 1}, "f", "[]", 1, 10s, host.soon()}).has_value());
  CAF_CHECK(wait_until([&] { return redis.ask({"PUBSUB", "NUMSUB", "holdfast:announce"}) == "holdfast:announce 1"; }));
  CAF_CHECK_EQUAL(host.status().identity.run_id.size(), 40u);
  CAF_CHECK_EQUAL(host.status().identity.epoch.size(), 32u);
  CAF_CHECK_EQUAL(log.warnings(), 0);
}

CAF_TEST(a server that takes no more clients is tried with backoff) {
  CAF_CHECK_EQUAL(redis.ask({"CONFIG", "SET", "maxclients", "1"}), "OK");
  auto taken = redis_client::connect(*redis_url::parse(redis.url()), boot_clock::now() + 5s);
  CAF_REQUIRE(taken.has_value());
  CAF_REQUIRE((*taken)->run(std::vector<redis_command>{{"PING"}}, boot_clock::now() + 5s).has_value());
  test::redis_proxy proxy{redis.socket(), 1};
  test::redis_store_host host{proxy.url()};
  CAF_CHECK(wait_until([&] { return host.status().last_error.find("max number of clients") != std::string::npos; }));
  commands_while(host, [&] { host.merge("metrics:a:b"); });
  CAF_CHECK_LESS(proxy.connections(), 60u);
  CAF_CHECK((*taken)->run(std::vector<redis_command>{{"CONFIG", "SET", "maxclients", "100"}}, host.soon()).has_value());
  CAF_CHECK(host.comes_up());
  writes_recover(host);
}

CAF_TEST(a host name a port a user and a database are all used) {
  test::redis_server other{{.durable = false, .with_port = true}};
  other.ask({"ACL", "SETUSER", "trader", "on", ">pw", "~*", "&*", "+@all"});
  test::redis_store_host host{"redis://trader:pw@localhost:" + std::to_string(other.port()) + "/5"};
  CAF_CHECK(host.write("k", "v"));
  CAF_CHECK_EQUAL(other.ask({"GET", "k"}), "(nil)");
  CAF_CHECK(other.ask({"INFO", "keyspace"}).find("db5:keys=2") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

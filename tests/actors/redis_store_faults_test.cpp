#define CAF_SUITE redis_store_faults

#include "actors/redis_store.hpp"

#include <fstream>

#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_redis_proxy.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_sanitizer.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::misdeed_kind;
using test::wait_until;

namespace {

constexpr std::size_t growth_max = (test::under_sanitizer ? 256u : 8u) << 20;

// Resident memory of this process in bytes.
std::size_t resident() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t held = 0;
  file >> all >> held;
  return held * 4096;
}

redis_store_settings impatient(const std::string& url) {
  auto settings = test::store_settings(url);
  settings.connect_timeout = 250ms;
  settings.command_timeout = 250ms;
  return settings;
}

struct redis_store_faults_fixture {
  test::captured_log log;
  test::redis_server redis{{.durable = false}};
  test::redis_proxy proxy{redis.socket(), 1};

  redis_store_faults_fixture() {
    redis.ask({"SET", "a", "value of a"});
    redis.ask({"SET", "b", "value of b"});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(redis_store_faults_tests, redis_store_faults_fixture)

CAF_TEST(nonsense in place of a value breaks the link and reaches nobody) {
  test::redis_store_host host{proxy.url()};
  for (const char* text :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", ":1\r\n:1\r\n", "$1\r\nx\r\n$1\r\ny\r\n", "*0\r\n*0\r\n", "*2147483647\r\n",
        "$2147483647\r\nab", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "$5\r\nfalse\r\n"}) {
    CAF_REQUIRE(wait_until([&] { return host.text("a") == "value of a"; }));
    proxy.next({.kind = misdeed_kind::say, .seen = "GET\r\n$1\r\na\r\n", .text = text});
    CAF_CHECK(!host.read("a"));
    CAF_CHECK(host.error == fault::store_away);
    CAF_CHECK(wait_until([&] { return host.text("b") == "value of b"; }));
  }
}

CAF_TEST(nonsense in place of verdicts and counters breaks the link and reaches nobody) {
  test::redis_store_host host{proxy.url()};
  const auto read = [&] {
    return host.ask<store_counters_found>(store_read_counters{{{"metrics:a:b", {std::string(32, 'a')}}}, host.soon()});
  };
  for (const char* text : {"+OK\r\n", "*0\r\n", "*1\r\n:7\r\n", "*1\r\n*0\r\n", "*1\r\n*1\r\n:7\r\n", "*1\r\n*1\r\n$1\r\nz\r\n",
                           "*1\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n", "*2\r\n*1\r\n$1\r\nm\r\n*1\r\n$1\r\nm\r\n", "$-1\r\n", ":1\r\n"}) {
    CAF_REQUIRE(wait_until([&] { return read().has_value(); }));
    proxy.next({.kind = misdeed_kind::say, .seen = "EVALSHA", .text = text});
    CAF_CHECK(!host.merge("metrics:a:b"));
    CAF_CHECK(host.error == fault::store_away);
    CAF_REQUIRE(wait_until([&] { return read().has_value(); }));
    proxy.next({.kind = misdeed_kind::say, .seen = "EVALSHA", .text = text});
    CAF_CHECK(!read() || std::string_view{text}.find("*2\r\n$1\r\nx") != std::string_view::npos);
  }
  CAF_CHECK_EQUAL(redis.ask({"EXISTS", "metrics:a:b"}), "0");
}

CAF_TEST(a reply that comes late is never handed to the next caller) {
  test::redis_store_host host{impatient(proxy.url())};
  CAF_REQUIRE(host.comes_up());
  for (int i = 0; i < 4; ++i) {
    CAF_REQUIRE(wait_until([&] { return host.text("b") == "value of b"; }));
    proxy.next({.kind = misdeed_kind::delay, .seen = "GET\r\n$1\r\na\r\n", .pause = 1s});
    CAF_CHECK(!host.read("a"));
    CAF_CHECK(wait_until([&] {
      const auto found = host.read("b");
      CAF_CHECK(!found || found->value == "value of b");
      return found.has_value();
    }));
  }
}

CAF_TEST(a merge whose reply is lost was made once and says so to the next) {
  test::redis_store_host host{proxy.url()};
  CAF_REQUIRE(host.comes_up());
  proxy.next({.kind = misdeed_kind::drop_reply, .seen = "EVALSHA"});
  CAF_CHECK(!host.merge("metrics:a:b"));
  CAF_CHECK(wait_until([&] {
    const auto again = host.merge("metrics:a:b");
    return again && again->verdicts[0].outcome == merge_outcome::mismatch && again->verdicts[0].found.state == "1 0";
  }));
  CAF_CHECK_EQUAL(redis.get("metrics:a:b"), "1");
}

CAF_TEST(a merge that is cut in half is not made and can be sent again) {
  test::redis_store_host host{proxy.url()};
  std::uint64_t made = 0;
  for (const std::size_t bytes : {0u, 1u, 20u, 60u, 100u, 150u, 200u}) {
    CAF_CHECK(wait_until([&] { return host.merge("metrics:a:b", made).has_value(); }));
    ++made;
    proxy.next({.kind = misdeed_kind::cut_request, .seen = "EVALSHA", .bytes = bytes});
    CAF_CHECK(!host.merge("metrics:a:b", made));
    CAF_CHECK_EQUAL(redis.get("metrics:a:b"), std::to_string(made));
  }
}

CAF_TEST(a trickle does not move the deadline and nobody waits behind it for long) {
  redis.ask({"SET", "long", std::string(2000, 'x')});
  test::redis_store_host host{impatient(proxy.url())};
  CAF_REQUIRE(wait_until([&] { return host.text("a") == "value of a"; }));
  proxy.next({.kind = misdeed_kind::trickle, .seen = "long", .pause = 20ms}); // forty seconds in all
  const auto began = boot_clock::now();
  CAF_CHECK(!host.read("long"));
  CAF_CHECK(boot_clock::now() - began < 5s);
  CAF_CHECK(wait_until([&] { return host.text("a") == "value of a"; }));
}

CAF_TEST(a black hole costs the deadline once and then nothing but a few connections) {
  test::redis_store_host host{impatient(proxy.url())};
  CAF_REQUIRE(host.comes_up());
  CAF_CHECK(wait_until([&] { return host.write("k", std::string(1000, 'x')); }));
  // A busy machine may have lost the link before: what counts is what comes from here on.
  const auto warnings_before = log.warnings("redis link failed reason=");
  const auto returns_before = log.count(spdlog::level::info, "redis link works again");
  const auto losses_before = host.news->count(store_change::link_down);
  const auto returns = [&] { return log.count(spdlog::level::info, "redis link works again") - returns_before; };
  const auto losses = [&] { return host.news->count(store_change::link_down) - losses_before; };
  redis.freeze();
  CAF_CHECK(!host.write("k", "y"));
  CAF_CHECK(wait_until([&] { return !host.status().up; }));
  const auto memory = resident();
  const auto connections = proxy.connections();
  const auto end = boot_clock::now() + 2s;
  std::chrono::nanoseconds longest{0};
  int asked = 0;
  for (; boot_clock::now() < end; ++asked) {
    const auto began = boot_clock::now();
    host.write("k", std::string(1000, 'y'));
    host.read("k");
    longest = std::max<std::chrono::nanoseconds>(longest, boot_clock::now() - began);
  }
  CAF_CHECK(asked > 20);
  CAF_CHECK(longest < 3s);
  CAF_CHECK(resident() < memory + growth_max);
  CAF_CHECK_LESS(proxy.connections() - connections, 100u);
  CAF_CHECK_EQUAL(log.warnings("redis link failed reason=") - warnings_before, 1);
  CAF_CHECK_EQUAL(losses(), 1);
  CAF_CHECK_EQUAL(returns(), 0);
  redis.thaw();
  CAF_CHECK(wait_until([&] { return host.write("k", "z"); }));
  CAF_CHECK(wait_until([&] { return returns() == losses(); })); // one for each
}

CAF_TEST(a flood of questions is refused past its bound and the status is told behind it) {
  auto settings = test::store_settings(proxy.url());
  settings.command_timeout = 60s;
  test::redis_store_host host{settings};
  CAF_REQUIRE(host.comes_up());
  proxy.next({.kind = misdeed_kind::stall, .seen = "raised"});
  const auto raise = [&](std::int64_t value) { return store_raise{"raised", value, host.soon(60s)}; };
  caf::anon_send(host.store, raise(1));
  CAF_REQUIRE(wait_until([&] { return proxy.faults() == 1; })); // the store waits for its answer
  for (std::int64_t value = 0; value < 100'000; ++value)
    caf::anon_send(host.store, raise(value));
  auto refused = host.self->request(host.store, caf::infinite, raise(1));
  auto told = host.self->request(host.store, caf::infinite, get_store_status{});
  proxy.cut_all();
  auto why = fault::none;
  refused.receive([](done) {}, [&](const caf::error& error) { why = fault_of(error); });
  CAF_CHECK(why == fault::overloaded);
  told.receive([](const store_status&) {}, [](const caf::error&) { CAF_CHECK(false); });
  CAF_CHECK(wait_until([&] { return host.write("k", "after the flood"); }));
}

CAF_TEST(nothing waits while the link is down) {
  redis.freeze();
  test::redis_store_host host{impatient(redis.url())};
  CAF_CHECK(!host.read("a")); // waits for the first attempt
  int late = 0;
  for (int i = 0; i < 200; ++i) {
    const auto began = boot_clock::now();
    host.merge("metrics:a:b");
    late += boot_clock::now() - began > 100ms ? 1 : 0;
  }
  CAF_CHECK_LESS(late, 20); // an attempt takes 250 ms: none of them is waited for
  redis.thaw();
}

CAF_TEST(counters pass while a large value does not) {
  test::redis_store_host host{proxy.url()};
  CAF_REQUIRE(host.comes_up());
  CAF_CHECK(host.write("big", std::string(100'000, 'x'))); // the second connection is there
  proxy.next({.kind = misdeed_kind::stall, .seen = "big"});
  auto pending = host.self->request(host.store, caf::infinite, store_write{"big", std::string(5u << 20, 'y'), {}, host.soon(60s)});
  for (std::uint64_t i = 0; i < 50; ++i)
    CAF_CHECK(host.merge("metrics:a:b", i).has_value());
  CAF_CHECK_EQUAL(redis.get("metrics:a:b"), "50");
  CAF_CHECK_EQUAL(redis.ask({"STRLEN", "big"}), "100000"); // it is still on its way
  bool written = true;
  pending.receive([](done) {}, [&](const caf::error&) { written = false; });
  CAF_CHECK(!written);
  CAF_CHECK(wait_until([&] { return host.write("big", std::string(5u << 20, 'z')); }));
  CAF_CHECK_EQUAL(redis.ask({"STRLEN", "big"}), std::to_string(5u << 20));
  CAF_CHECK_EQUAL(host.text("big").size(), 5u << 20);
}

CAF_TEST(counters pass while a large value or a list is read) {
  test::redis_store_host host{proxy.url()};
  CAF_REQUIRE(host.comes_up());
  CAF_REQUIRE(host.write("big", std::string(5u << 20, 'x')));
  proxy.next({.kind = misdeed_kind::stall, .seen = "GET\r\n$3\r\nbig"});
  auto value = host.self->request(host.store, caf::infinite, store_read{"big", host.soon(60s)});
  auto list = host.self->request(host.store, caf::infinite, store_list_counters{"*", true, host.soon(60s)});
  for (std::uint64_t i = 0; i < 50; ++i)
    CAF_CHECK(host.merge("metrics:a:b", i).has_value());
  CAF_CHECK_EQUAL(redis.get("metrics:a:b"), "50");
  bool stalled = false;
  value.receive([](const store_value&) {}, [&](const caf::error&) { stalled = true; });
  CAF_CHECK(stalled);
  list.receive([](const store_keys&) {}, [](const caf::error&) {});
}

CAF_TEST(a large value through faults of every kind arrives or is refused and never in part) {
  test::redis_store_host host{proxy.url()};
  CAF_REQUIRE(host.comes_up());
  proxy.misbehave({.drop_reply = .1, .cut_request = .1, .cut_reply = .1, .delay = .1, .refuse = .1});
  int written = 0;
  const auto end = boot_clock::now() + 20s;
  for (int i = 0; written < 10 && boot_clock::now() < end; ++i) {
    const std::string value((1u << 20) + static_cast<unsigned>(i), static_cast<char>('a' + i % 26));
    const bool told = host.write("big", value);
    written += told ? 1 : 0;
    const auto length = redis.ask({"STRLEN", "big"});
    CAF_CHECK(!told || length == std::to_string(value.size()));
    CAF_CHECK(length == "0" || std::stoul(length) >= (1u << 20));
  }
  proxy.behave();
  CAF_CHECK(wait_until([&] { return host.write("big", "end"); }));
  CAF_CHECK_EQUAL(written, 10);
}

CAF_TEST(a value that could not be read back is not written) {
  test::redis_store_host host{proxy.url()};
  CAF_CHECK(!host.write("huge", std::string((64u << 20) + 1, 'x')));
  CAF_CHECK(host.error == fault::bad_request);
}

CAF_TEST(a store ends at once before a frozen server) {
  boot_time began{};
  {
    test::redis_store_host host{impatient(proxy.url())};
    CAF_REQUIRE(host.comes_up());
    redis.freeze();
    for (int i = 0; i < 100; ++i)
      caf::anon_send(host.store, store_write{"k", std::string(100'000, 'x'), {}, host.soon()});
    began = boot_clock::now();
  }
  CAF_CHECK(boot_clock::now() - began < 3s);
  redis.thaw();
}

CAF_TEST_FIXTURE_SCOPE_END()

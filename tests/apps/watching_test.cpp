#define CAF_SUITE watching

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <sys/wait.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "apps/holdfast/top_screen.hpp"
#include "runtime/clock.hpp"
#include "runtime/history_file.hpp"
#include "tests/support/runtime_child_process.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using test::wait_until;

namespace {

struct outcome {
  int status = -1;
  std::string text; // standard output and error
};

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};

  std::string common() const {
    return " --state-dir=" + folder.file("state") + " --spot-urls=" + exchange.url() + " --futures-urls=" + exchange.url();
  }
  outcome run(const std::string& arguments) const {
    const auto said = folder.file("said");
    test::child_process child{{"sh", "-c", "exec " HOLDFAST_PROGRAM " " + arguments + common()}, said};
    outcome result;
    result.status = child.wait();
    std::ostringstream text;
    text << std::ifstream{said}.rdbuf();
    result.text = text.str();
    return result;
  }
  std::unique_ptr<test::child_process> serve() const {
    auto child = std::make_unique<test::child_process>(
      std::vector<std::string>{"sh", "-c", "exec " HOLDFAST_PROGRAM " serve --http=off" + common()}, folder.file("serve"));
    CAF_REQUIRE(wait_until([&] { return run("top --once").status == 0; }));
    return child;
  }
  static bool has(const outcome& result, const std::string& text) { return result.text.find(text) != std::string::npos; }
};

// What no line of a screen may exceed: characters, not bytes.
std::size_t widest(const std::string& screen) {
  std::istringstream lines{screen};
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) {
    std::size_t characters = 0;
    for (const char c : line)
      characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    most = std::max(most, characters);
  }
  return most;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(watching_tests, fixture)

CAF_TEST(top prints one screen of a running serve and says so where none runs) {
  CAF_CHECK_EQUAL(run("top --once").status, 1);
  const auto running = serve();
  CAF_CHECK(wait_until([&] { return has(run("top --once"), "spot     fresh"); }));
  const auto result = run("top --once");
  CAF_CHECK(has(result, "metrics:cache_hit:symbols_spot"));
  CAF_CHECK(has(result, "store embedded up"));
  CAF_CHECK_EQUAL(run("top").status, 1); // no terminal
}

CAF_TEST(a screen never exceeds its terminal and nothing from outside steers it) {
  const std::string status = R"({"version":"1","markets":{"spot":{"stale":true,"count":3,"age":5,"source":"last_good","next_refresh_in":null}},
    "fetchers":{"spot":{"state":"down","circuit":"open","last_error":"\u001b[2J币安人生币安人生币安人生币安人生币安人生币安人生币安人生"}},
    "store":{"kind":"redis","up":false,"last_error":"refused"},"ledger":{},
    "events":[{"kind":"stale","subject":"spot","detail":"x","count":3,"last":1}]})";
  const auto before = app::read_sample(status, R"({"metrics:a:b":5})", std::chrono::seconds{1});
  const auto now = app::read_sample(status, R"({"metrics:a:b":25})", std::chrono::seconds{3});
  CAF_REQUIRE(before && now);
  for (const auto& size : {app::terminal_size{80, 24}, app::terminal_size{30, 6}, app::terminal_size{200, 50}, app::terminal_size{1, 1}}) {
    const auto screen = app::draw_top(*now, &*before, size, false);
    CAF_CHECK(std::count(screen.begin(), screen.end(), '\n') < size.rows);
    CAF_CHECK(widest(screen) <= static_cast<std::size_t>(size.columns));
    CAF_CHECK(screen.find('\x1b') == std::string::npos);
  }
  const auto screen = app::draw_top(*now, &*before, {120, 40}, false);
  CAF_CHECK(screen.find("          10.0  metrics:a:b") != std::string::npos || screen.find("10.0  metrics:a:b") != std::string::npos);
  CAF_CHECK(screen.find("store redis DOWN") != std::string::npos);
  CAF_CHECK(screen.find("spot stale x3") != std::string::npos);
  CAF_CHECK(!app::read_sample("[]", "{}", {}));
}

CAF_TEST(a store that takes no writes is a red line with its words) {
  const std::string store = R"("kind":"redis","up":true,"last_error":"OOM command not allowed")";
  const auto draw = [&](const std::string& takes_writes) {
    const auto now = app::read_sample(R"({"store":{)" + store + R"(,"takes_writes":)" + takes_writes + "}}", "{}", {});
    CAF_REQUIRE(now);
    return app::draw_top(*now, nullptr, {120, 40}, true);
  };
  CAF_CHECK(draw("true").find("store redis up") != std::string::npos);
  CAF_CHECK(draw("true").find("OOM") == std::string::npos);
  const auto screen = draw("false");
  CAF_CHECK(screen.starts_with("\x1b[1;31m"));
  CAF_CHECK(screen.find("store redis TAKES NO WRITES") != std::string::npos);
  CAF_CHECK(screen.find("\x1b[1;31mOOM command not allowed") != std::string::npos);
}

CAF_TEST(whoever does not answer is a red line and events of another day have their date) {
  auto now = app::read_sample(R"({"silent":["history","store"],"store":{"kind":"redis","up":true},"ledger":{},
    "events":[{"kind":"fresh","subject":"spot","detail":"","count":1,"last":1700000000},
              {"kind":"stale","subject":"spot","detail":"","count":1,"last":1699000000}]})", "{}", {});
  CAF_REQUIRE(now);
  now->now = 1700000000;
  const auto screen = app::draw_top(*now, nullptr, {120, 40}, true);
  CAF_CHECK(screen.find("\x1b[1;31mNO ANSWER from history, store") != std::string::npos);
  CAF_CHECK(screen.find(" 2023-11-0") != std::string::npos);
  CAF_CHECK(screen.find("2023-11-1") == std::string::npos);
}

CAF_TEST(the time of the last refresh is listed with the counters without a serve) {
  CAF_CHECK_EQUAL(run("symbols spot").status, 0);
  const auto result = run("counters 'metrics:spot*'");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(result.text.starts_with("metrics:spot_symbols_cache:last_refresh_ts "));
}

CAF_TEST(counters of another program are listed without a serve) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  const test::redis_server redis;
  CAF_REQUIRE_EQUAL(redis.ask({"SET", "metrics:legacy:orders", "41"}), "OK");
  const auto result = run("counters --redis-url=" + redis.url() + " 'metrics:legacy:*'");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK_EQUAL(result.text, "metrics:legacy:orders 41\n");
}

CAF_TEST(history is drawn from the file without a serve) {
  CAF_CHECK_EQUAL(run("get metrics:a:b").status, 0); // makes the folder
  const auto now = std::chrono::floor<std::chrono::seconds>(system_clocks()->wall_now()).time_since_epoch().count();
  {
    const auto file = history_file::open(folder.file("state/history.sqlite"));
    CAF_REQUIRE(file);
    for (int i = 60; i > 0; --i)
      (*file)->record(now - i * 10, {{"metrics:a:b", (60 - i) * 20}});
  }
  const auto result = run("history metrics:a:b --since=10min");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(has(result, "total 1180"));
  CAF_CHECK(has(result, "at most 2 per second"));
  CAF_CHECK(has(result, "█"));
  CAF_CHECK(has(run("history metrics:a:b --json --since 10min --step=60s"), "\"step\":60"));
  CAF_CHECK_EQUAL(run("history").status, 2);
  CAF_CHECK_EQUAL(run("history metrics:a:b --since=soon").status, 2);
}

CAF_TEST(history from the file goes by the limits that are set) {
  CAF_CHECK_EQUAL(run("get metrics:a:b").status, 0);
  const auto now = std::chrono::floor<std::chrono::seconds>(system_clocks()->wall_now()).time_since_epoch().count();
  const history_limits no_minutes{std::chrono::hours{24}, {}, std::chrono::hours{100}};
  {
    const auto file = history_file::open(folder.file("state/history.sqlite"), no_minutes);
    CAF_REQUIRE(file);
    (*file)->record(now - 4 * 3600, {{"metrics:a:b", 1}});
    (*file)->record(now - 3600, {{"metrics:a:b", 5}});
  }
  const auto result = run("history metrics:a:b --since=30h --history-1min=0 --history-1h=100h");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(has(result, "total 5"));
  CAF_CHECK(has(run("history metrics:a:b --history-10s=0 --history-1min=0 --history-1h=0"), "none is kept"));
}

CAF_TEST(a key that nobody counts has no history with and without a serve) {
  CAF_CHECK_EQUAL(run("incr metrics:orders:sent").status, 0);
  const auto without = run("history metrics:orders:snet");
  CAF_CHECK_EQUAL(without.status, 1);
  CAF_CHECK(has(without, "no history of metrics:orders:snet: no counter of this name was seen"));
  const auto running = serve();
  CAF_CHECK(wait_until([&] { return run("history metrics:orders:sent").status == 0; }, std::chrono::seconds{30}));
  const auto with = run("history metrics:orders:snet --json");
  CAF_CHECK_EQUAL(with.status, 1);
  CAF_CHECK(has(with, "no counter of this name was seen"));
}

CAF_TEST(doctor fails where the store holds the lists of another configuration) {
  const auto other = run("symbols spot --quote-assets=USDC,BTC");
  CAF_CHECK_EQUAL(other.status, 0);
  CAF_CHECK_EQUAL(run("doctor --quote-assets=BTC,USDC").status, 0); // the same ones
  const auto result = run("doctor");
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(has(result, "failure  spot list"));
  CAF_CHECK(has(result, "ok       futures list"));
}

CAF_TEST_FIXTURE_SCOPE_END()

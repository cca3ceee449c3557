#define CAF_SUITE doctor

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/doctor_fixture.hpp"
#include "tests/support/runtime_http_peer.hpp"
#include "tests/support/runtime_sqlite.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using test::run_program;
using test::wait_until;

namespace {

using fixture = test::doctor_fixture;

// Answers every question for the time with this.
test::http_peer exchange_that_says(const std::string& body, const std::string& headers = "") {
  return test::http_peer{
      [=](std::size_t, const std::string&) { return test::peer_reply{test::http_reply("200 OK", body, headers)}; }};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(doctor_tests, fixture)

CAF_TEST(nothing is found where all is well) {
  const auto result = doctor();
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(tells(result, ok, "spot exchange"));
  CAF_CHECK(tells(result, ok, "spot exchange weight"));
  CAF_CHECK(tells(result, ok, "spot exchange clock"));
  CAF_CHECK(tells(result, ok, "serve", "does not run"));
  CAF_CHECK(!has(result, "failure"));
  CAF_CHECK(has(doctor({"--json"}), "{\"ok\":true,\"findings\":[{\"level\":\"ok\",\"what\":\"configuration\""));
}

CAF_TEST(a dead exchange and a dead redis fail and it is told what to do) {
  const auto result = doctor({"--redis-url=redis://127.0.0.1:1/0", "--futures-urls=http://127.0.0.1:1"});
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "redis"));
  CAF_CHECK(has(result, "-> start Redis"));
  CAF_CHECK(tells(result, ok, "spot exchange"));
  CAF_CHECK(tells(result, failure, "futures exchange"));
  CAF_CHECK(has(result, "-> check network, proxy and --futures-urls"));
  CAF_CHECK(has(result, "2 checks failed"));
}

CAF_TEST(an exchange behind a dead one is found and told) {
  const auto result = doctor({"--spot-urls=http://127.0.0.1:1," + exchange.url()});
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(tells(result, warning, "spot exchange"));
  CAF_CHECK(has(result, "answers, but: http://127.0.0.1:1"));
}

CAF_TEST(an exchange that forbids to be asked is left alone) {
  test::http_peer banning{
      [](std::size_t, const std::string&) { return test::peer_reply{test::http_reply("418 I'm a teapot", "{}")}; }};
  const auto result = doctor({"--spot-urls=" + banning.url("") + "," + exchange.url()});
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(has(result, "HTTP 418"));
  CAF_CHECK(!has(result, "answers, but"));
}

CAF_TEST(an exchange that tells neither time nor weight is not taken for one that tells good ones) {
  const auto silent = exchange_that_says("{}");
  const auto result = doctor({"--spot-urls=" + silent.url("")});
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(tells(result, warning, "spot exchange clock", "not told"));
  CAF_CHECK(tells(result, warning, "spot exchange weight", "not told"));
}

CAF_TEST(an exchange with another time and much weight is a warning) {
  const auto odd = exchange_that_says(R"({"serverTime":1600000000000})", "x-mbx-used-weight-1m: 5999\r\n");
  const auto result = doctor({"--spot-urls=" + odd.url("")});
  CAF_CHECK(tells(result, warning, "spot exchange clock", "differs by"));
  CAF_CHECK(tells(result, warning, "spot exchange weight", "5999 of about 6000"));
}

CAF_TEST(an interval that exceeds the ttl or a fetch that may is a warning) {
  const auto result = doctor({"--spot-ttl=20s", "--spot-warmup-interval=60s"});
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(tells(result, warning, "spot refresh"));
  CAF_CHECK(has(result, "the interval exceeds the TTL"));
  CAF_CHECK(has(doctor({"--futures-ttl=5s", "--futures-warmup-interval=4s", "--fetch-timeout=10s"}),
                "a fetch may take longer than the TTL"));
  CAF_CHECK(tells(doctor({"--futures-warmup-interval=0"}), warning, "futures refresh", "no warmup"));
}

CAF_TEST(a state folder that cannot be had fails) {
  std::ofstream{folder.file("file")} << "no folder";
  const auto result = doctor({"--state-dir=" + folder.file("file")});
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "state folder"));
}

CAF_TEST(ledgers that were set aside are a warning until they are moved away) {
  const auto set_aside = folder.file("state/ledgers/set-aside");
  CAF_CHECK_EQUAL(doctor().status, 0); // makes the folder
  std::filesystem::create_directories(set_aside);
  CAF_CHECK(!has(doctor(), "set aside"));
  std::ofstream{set_aside + "/damaged.ledger"} << "x";
  CAF_CHECK(tells(doctor(), warning, "ledgers"));
}

CAF_TEST(what a running serve tells is among the findings) {
  test::program_process serve{with("serve", {"--http=off"})};
  CAF_CHECK(wait_until([&] { return tells(doctor(), ok, "serve spot list"); }));
  CAF_CHECK(wait_until([&] { return tells(doctor(), ok, "serve futures list"); }));
  const auto result = doctor();
  CAF_CHECK_EQUAL(result.status, 0);
  for (const auto* what : {"spot fetcher", "futures fetcher", "store", "ledger", "history"})
    CAF_CHECK(tells(result, ok, std::string{"serve "} + what));
}

CAF_TEST(a serve whose store takes no writes is a failure until it does) {
  const std::string key = "metrics:a:b";
  const auto before = std::signal(SIGXFSZ, SIG_IGN); // as serve begins with it
  test::program_process serve{with("serve", {"--http=off"})};
  std::signal(SIGXFSZ, before);
  CAF_CHECK(wait_until([&] { return tells(doctor(), ok, "serve store"); }));
  CAF_CHECK_EQUAL(run_program(with("incr", {key})).status, 0);
  CAF_CHECK(wait_until([&] { return run_program(with("get", {key})).text == "1\n"; }));
  CAF_CHECK(serve.limit_files(1));
  CAF_CHECK_EQUAL(run_program(with("incr", {key, "6"})).status, 0);
  CAF_CHECK(wait_until([&] { return tells(doctor(), failure, "serve store", "embedded takes no writes: "); }));
  const auto result = doctor();
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(has(result, "-> make room on the disk of the state folder; counters wait in the ledger"));
  CAF_CHECK(serve.limit_files(RLIM_INFINITY));
  CAF_CHECK(wait_until([&] { return tells(doctor(), ok, "serve store"); }));
  CAF_CHECK(wait_until([&] { return run_program(with("get", {key})).text == "7\n"; }));
}

CAF_TEST(an embedded store that cannot be written fails although nobody serves) {
  CAF_CHECK_EQUAL(run_program(with("get", {"metrics:a:b"})).status, 0); // makes it
  const auto path = folder.file("state/store.sqlite");
  CAF_CHECK(tells(doctor(), ok, "store"));
  {
    const test::held_database held{path};
    const auto result = doctor();
    CAF_CHECK_EQUAL(result.status, 1);
    CAF_CHECK(tells(result, failure, "store", path + " cannot be written: database is locked"));
  }
  CAF_CHECK(tells(doctor(), ok, "store"));
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  CAF_CHECK(tells(doctor(), failure, "store", path + " cannot be written: "));
}

CAF_TEST(a serve whose exchange fails is a failure although the exchange tells its time) {
  exchange.set_fault(market::spot, exchange_fault::server_error);
  test::program_process serve{with("serve", {"--http=off"})};
  CAF_CHECK(wait_until([&] { return tells(doctor(), failure, "serve spot list"); }));
  CAF_CHECK(wait_until([&] { return tells(doctor(), ok, "serve futures list"); }));
  const auto result = doctor();
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(has(result, "  serve spot fetcher "));
  CAF_CHECK(has(result, "HTTP 500"));
  CAF_CHECK(tells(result, ok, "spot exchange"));
}

CAF_TEST(a serve that does not answer is a failure) {
  test::program_process serve{with("serve", {"--http=off"})};
  CAF_CHECK(wait_until([&] { return tells(doctor(), ok, "serve", "runs"); }));
  serve.freeze();
  const auto result = doctor();
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(tells(result, failure, "serve", "runs on this folder and does not answer"));
}

CAF_TEST_FIXTURE_SCOPE_END()

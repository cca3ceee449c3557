#define CAF_SUITE exchange_trouble

#include <cstdlib>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
  temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};

  fixture() { ::setenv("HOLDFAST_STATE_DIR", folder.file("state").c_str(), 1); }

  std::vector<std::string> serve(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"serve", "--http=off", "--spot-urls=" + exchange.url(), "--futures-urls=" + exchange.url(),
                                   "--spot-ttl=100ms", "--futures-ttl=100ms"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  bool answers(const std::string& market, const std::string& symbol) const {
    return run_program({"symbols", market}).text.find(symbol) != std::string::npos;
  }
};

constexpr auto ready = "holdfast: serving";

// An end takes at most 3 s; the rest is what a slow machine may add.
constexpr auto longest_end = 4500ms;

// A question that is on its way, over a connection that stays open; what serve's ready line says is where to.
class pending_request {
public:
  pending_request(const std::string& printed, const std::string& path) {
    const std::string before = "http://127.0.0.1:";
    const auto at = printed.find(before);
    if (at == std::string::npos)
      return;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(printed.substr(at + before.size()))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    sent_ = ::connect(handle_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0
            && ::send(handle_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
  }
  ~pending_request() { ::close(handle_); }
  pending_request(const pending_request&) = delete;
  pending_request& operator=(const pending_request&) = delete;
  bool sent() const noexcept { return sent_; }

private:
  int handle_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool sent_ = false;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(exchange_trouble_tests, fixture)

CAF_TEST(terminated in the middle of any trouble it ends cleanly in time) {
  using enum exchange_fault;
  bool banned_before = false;
  for (const auto fault : {hang, hang_in_body, trickle, reset, server_error, none, banned, hang}) {
    CAF_MESSAGE(std::string{to_string(fault)});
    exchange.set_fault(market::spot, fault, 60s);
    const auto before = exchange.requests(market::spot);
    program_process process{serve()};
    CAF_REQUIRE(process.read_until(ready).find(ready) != std::string::npos);
    // A ban of the process before is obeyed: nothing is asked any more.
    if (!banned_before)
      CAF_CHECK(wait_until([&] { return exchange.requests(market::spot) > before; }));
    banned_before = banned_before || fault == banned;
    const auto begin = boot_clock::now();
    process.send(SIGTERM);
    const auto status = process.wait();
    CAF_CHECK(boot_clock::now() - begin < longest_end);
    if (status != 0)
      CAF_MESSAGE(process.read_to_the_end());
    CAF_CHECK_EQUAL(status, 0);
  }
}

CAF_TEST(terminated while redis is frozen and readers wait it ends in time and keeps what was counted) {
  if (!redis_server::installed())
    return;
  redis_server redis;
  const auto store = "--redis-url=" + redis.url();
  exchange.set_fault(market::spot, exchange_fault::hang, 60s);
  {
    program_process process{serve({"--http=127.0.0.1:0", store})};
    const auto printed = process.read_until("(store: redis");
    CAF_REQUIRE(printed.find("(store: redis") != std::string::npos);
    CAF_CHECK(wait_until([&] { return exchange.requests(market::spot) > 0; }));
    redis.freeze();
    CAF_CHECK_EQUAL(run_program({"incr", "metrics:a:b", "5", store}).status, 0);
    const pending_request list{printed, "/api/v1/symbols/spot"};
    const pending_request counter{printed, "/api/v1/counters/metrics:a:b"};
    CAF_CHECK(list.sent() && counter.sent());
    const auto begin = boot_clock::now();
    process.send(SIGTERM);
    CAF_CHECK_EQUAL(process.wait(), 0);
    CAF_CHECK(boot_clock::now() - begin < longest_end);
  }
  redis.thaw();
  const auto found = run_program({"get", "metrics:a:b", store, "--redis-connect-timeout=5s", "--redis-command-timeout=5s",
                                  "--log-level=off"});
  CAF_CHECK_EQUAL(found.text, "5\n");
}

CAF_TEST(an operator accepts the list that a running serve refused) {
  CAF_CHECK_EQUAL(run_program({"symbols", "spot", "--accept"}).status, 1);
  program_process process{serve()};
  CAF_REQUIRE(process.read_until(ready).find(ready) != std::string::npos);
  CAF_CHECK(wait_until([&] { return answers("spot", "ETHUSDT"); }));
  const auto nothing = run_program({"symbols", "spot", "--accept"});
  CAF_CHECK_EQUAL(nothing.status, 1);
  CAF_CHECK(nothing.text.find("no table of spot was refused") != std::string::npos);
  exchange.set_fault(market::spot, exchange_fault::five_symbols);
  program_result accepted;
  CAF_CHECK(wait_until([&] {
    CAF_CHECK(answers("spot", "ETHUSDT"));
    accepted = run_program({"symbols", "spot", "--accept"});
    return accepted.status == 0;
  }));
  CAF_CHECK(accepted.text.find("symbols of spot, refused before: shrunk") != std::string::npos);
  CAF_CHECK(!answers("spot", "ETHUSDT"));
  CAF_CHECK(answers("spot", "BTCUSDT"));
  process.send(SIGTERM);
  CAF_CHECK_EQUAL(process.wait(), 0);
}

CAF_TEST(a restart during a ban makes no request until it ends) {
  exchange.set_fault(market::spot, exchange_fault::banned, 3600s);
  for (int i = 0; i < 3; ++i) {
    program_process process{serve()};
    CAF_REQUIRE(process.read_until(ready).find(ready) != std::string::npos);
    CAF_CHECK(wait_until([&] { return exchange.requests(market::spot) > 0; }));
    CAF_CHECK(!answers("spot", "BTCUSDT"));
    CAF_CHECK(wait_until([&] { return answers("futures", "BTCUSDT"); }));
    process.send(SIGTERM);
    CAF_CHECK_EQUAL(process.wait(), 0);
  }
  exchange.set_fault(market::spot, exchange_fault::none);
  CAF_CHECK_EQUAL(run_program({"symbols", "spot", "--spot-urls=" + exchange.url()}).status, 1);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), 1u);
}

CAF_TEST(doctor asks no exchange that forbids it) {
  exchange.set_fault(market::spot, exchange_fault::banned, 7200s);
  CAF_CHECK_EQUAL(run_program({"symbols", "spot", "--spot-urls=" + exchange.url()}).status, 1);
  const auto before = exchange.requests(market::spot);
  const auto result = run_program({"doctor", "--spot-urls=" + exchange.url(), "--futures-urls=" + exchange.url()});
  CAF_CHECK(result.text.find("warning  spot exchange            not asked: it forbids that for another ") != std::string::npos);
  CAF_CHECK(result.text.find("ok       futures exchange") != std::string::npos);
  CAF_CHECK_EQUAL(exchange.requests(market::spot), before);
}

CAF_TEST(a key is in no log and no status) {
  ::setenv("HOLDFAST_API_KEY", "planted-key-1234", 1);
  exchange.set_fault(market::spot, exchange_fault::bad_key);
  program_process process{serve({"--log-level=trace"})};
  ::unsetenv("HOLDFAST_API_KEY");
  auto printed = process.read_until(ready); // the refusal may come before it
  CAF_REQUIRE(printed.find(ready) != std::string::npos);
  CAF_CHECK(wait_until([&] { return answers("spot", "BTCUSDT"); }));
  CAF_CHECK_EQUAL(exchange.requests_with_key(market::spot), 1u);
  process.send(SIGTERM);
  printed += process.read_to_the_end();
  CAF_CHECK_EQUAL(process.wait(), 0);
  CAF_CHECK(printed.find("private API refuses the key") != std::string::npos);
  CAF_CHECK(printed.find("planted-key") == std::string::npos);
}

CAF_TEST(a simulated exchange takes its faults from the command line) {
  program_process process{{"simulate", "--seed", "7", "--faults=spot:500,futures:451"}};
  const auto printed = process.read_until("\n");
  const auto at = printed.find("http://127.0.0.1:");
  CAF_REQUIRE(at != std::string::npos);
  const auto url = printed.substr(at, printed.find('\n') - at);
  const auto result = run_program({"symbols", "spot", "--spot-urls=" + url, "--fetch-timeout=1s"});
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(result.text.find("HTTP 500") != std::string::npos);
  process.send(SIGTERM);
  CAF_CHECK_EQUAL(process.wait(), 0);
  CAF_CHECK_EQUAL(run_program({"simulate", "--faults=spot:nonsense"}).status, 2);
  CAF_CHECK_EQUAL(run_program({"serve", "--simulate", "--faults=nonsense"}).status, 2);
  CAF_CHECK_EQUAL(run_program({"serve", "--faults=spot:500"}).status, 2);
}

CAF_TEST_FIXTURE_SCOPE_END()

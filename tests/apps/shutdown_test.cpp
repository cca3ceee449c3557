// SIGTERM while something is waited for that does not come, and was to be waited for long.
#define CAF_SUITE shutdown

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/socket_connect.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_resp_peer.hpp"
#include "tests/support/runtime_sqlite.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

constexpr auto ready = "holdfast: serving";
// An end takes at most 3 s; the rest is what a slow machine may add.
constexpr auto longest_end = 4500ms;

struct fixture {
  temporary_folder folder;
  std::string state = folder.file("state");
  std::unique_ptr<program_process> serve;

  void start(std::vector<std::string> more) {
    std::vector<std::string> words{"serve", "--simulate", "--http=off", "--flush-interval=20ms", "--state-dir=" + state};
    words.insert(words.end(), more.begin(), more.end());
    serve = std::make_unique<program_process>(std::move(words));
    CAF_REQUIRE(serve->read_until(ready).find(ready) != std::string::npos);
  }
  program_result run(std::vector<std::string> words) const {
    words.push_back("--state-dir=" + state);
    return run_program(std::move(words));
  }
  void ends_in_time() {
    const auto begin = boot_clock::now();
    serve->send(SIGTERM);
    const auto status = serve->wait();
    CAF_CHECK(boot_clock::now() - begin < longest_end);
    if (status != 0)
      CAF_MESSAGE(serve->read_to_the_end());
    CAF_CHECK_EQUAL(status, 0);
  }
};

const std::string key = "metrics:a:b";
const std::vector<std::string> patient{"--redis-connect-timeout=60s", "--redis-command-timeout=60s"};

std::vector<std::string> with_redis(const std::string& url) {
  auto words = patient;
  words.push_back("--redis-url=" + url);
  return words;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(shutdown_tests, fixture)

CAF_TEST(a redis that falls silent is not waited for whatever its timeouts are and gets later what was counted) {
  if (!redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  redis_server redis;
  std::atomic<bool> silent{false};
  const auto habit = [&](const std::string&) {
    misdeed one;
    if (silent)
      one.kind = misdeed_kind::stall;
    return one;
  };
  resp_peer peer{redis.socket(), {habit, {}}};
  start(with_redis(peer.url()));
  CAF_CHECK_EQUAL(run({"incr", key, "2"}).status, 0);
  CAF_CHECK(wait_until([&] { return redis.get(key) == "2"; }));
  silent = true;
  CAF_CHECK_EQUAL(run({"incr", key, "5"}).status, 0);
  CAF_CHECK(wait_until([&] { return peer.done() > 0; }));
  ends_in_time();
  silent = false;
  const std::vector<std::string> get{"get", key, "--redis-url=" + peer.url(), "--redis-connect-timeout=5s", "--redis-command-timeout=5s"};
  CAF_CHECK(wait_until([&] { return run(get).text == "7\n"; }));
}

CAF_TEST(a redis that is silent from the beginning is not waited for) {
  const resp_peer peer; // takes connections, and nobody is behind
  start(with_redis(peer.url()));
  CAF_CHECK(wait_until([&] { return peer.connections() > 0; }));
  ends_in_time();
}

CAF_TEST(a connect that hangs is not waited for) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CAF_REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(listener, 0) == 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  // Nobody accepts: once its queue is full whatever comes is swallowed.
  std::vector<int> queue;
  bool swallows = false;
  while (!swallows && queue.size() < 100) {
    const auto one = connect_tcp("127.0.0.1", ntohs(address.sin_port), boot_clock::now() + 100ms);
    swallows = !one;
    if (one)
      queue.push_back(*one);
  }
  CAF_REQUIRE(swallows);
  start(with_redis("redis://127.0.0.1:" + std::to_string(ntohs(address.sin_port))));
  ends_in_time();
  for (const int one : queue)
    ::close(one);
  ::close(listener);
}

CAF_TEST(databases that another program holds are not waited for and get later what was counted) {
  start({});
  CAF_CHECK_EQUAL(run({"incr", key, "2"}).status, 0);
  CAF_CHECK(wait_until([&] { return run({"get", key}).text == "2\n"; }));
  {
    const held_database store{state + "/store.sqlite"};
    const held_database history{state + "/history.sqlite"};
    for (int i = 0; i < 5; ++i)
      CAF_CHECK_EQUAL(run({"incr", key + std::to_string(i), "5"}).status, 0);
    ends_in_time();
  }
  CAF_CHECK(wait_until([&] { return run({"get", key}).text == "2\n"; }));
  CAF_CHECK(wait_until([&] { return run({"get", key + "4"}).text == "5\n"; }));
}

CAF_TEST(databases that another program holds from the beginning are not waited for) {
  start({});
  ends_in_time();
  std::vector<sqlite3*> holders;
  for (const char* name : {"/store.sqlite", "/history.sqlite"}) {
    sqlite3_open((state + name).c_str(), &holders.emplace_back());
    // Readers are kept out, too.
    CAF_CHECK_EQUAL(sqlite3_exec(holders.back(), "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  start({});
  ends_in_time();
  for (auto* one : holders)
    sqlite3_close(one);
}

CAF_TEST_FIXTURE_SCOPE_END()

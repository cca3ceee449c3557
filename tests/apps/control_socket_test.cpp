// Commands beside a running serve: what they hand to it, and what they do where it cannot answer.
#define CAF_SUITE control_socket

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <sys/stat.h>

#include "tests/support/engine_host.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr auto ready = "holdfast: serving";

struct fixture {
  temporary_folder folder;
  std::string state = folder.file("state");
  std::string socket = state + "/control.sock";

  fixture() { ::setenv("HOLDFAST_STATE_DIR", state.c_str(), 1); }

  // Asks no exchange.
  static std::vector<std::string> serve(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"serve", "--http=off", "--spot-warmup-interval=0", "--futures-warmup-interval=0"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static bool is_ready(program_process& process) {
    return process.read_until(ready).find(ready) != std::string::npos;
  }
  static int ended(program_process& process) {
    process.send(SIGTERM);
    return process.wait();
  }
  std::size_t ledgers() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{state + "/ledgers"})
      count += entry.path().extension() == ".ledger" ? 1 : 0;
    return count;
  }
  ino_t socket_number() const {
    struct stat facts {};
    return ::stat(socket.c_str(), &facts) == 0 ? facts.st_ino : 0;
  }
};

std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

CAF_TEST_FIXTURE_SCOPE(control_socket_tests, fixture)

CAF_TEST(an increment whose answer is lost is counted by serve alone or by nobody) {
  program_process process{serve()};
  CAF_REQUIRE(is_ready(process));
  process.freeze();
  const auto lost = run_program({"incr", "metrics:a:b", "5"});
  CAF_CHECK_EQUAL(lost.status, 1);
  CAF_CHECK(has(lost.text, "it may have been counted, look before repeating"));
  CAF_CHECK_EQUAL(lines(lost.text), 1);
  CAF_CHECK_EQUAL(ledgers(), 1u);
  process.send(SIGCONT);
  CAF_CHECK_EQUAL(run_program({"incr", "metrics:a:c"}).status, 0);
  const auto value = run_program({"get", "metrics:a:b"}).text;
  CAF_CHECK(value == "0\n" || value == "5\n");
  CAF_CHECK_EQUAL(ended(process), 0);
}

CAF_TEST(an increment without a row in the ledger of serve goes into one of its own) {
  program_process process{serve({"--ledger-capacity=16"})};
  CAF_REQUIRE(is_ready(process));
  std::vector<std::string> keys;
  for (char letter = 'a'; letter <= 't'; ++letter)
    keys.push_back(std::string{"metrics:many:"} + letter);
  for (const auto& key : keys)
    CAF_CHECK_EQUAL(run_program({"incr", key, "3"}).status, 0);
  CAF_CHECK(wait_until([&] {
    const auto all = run_program({"counters", "metrics:many:*"}).text;
    return std::all_of(keys.begin(), keys.end(), [&](const std::string& key) { return has(all, key + " 3\n"); });
  }));
  CAF_CHECK_EQUAL(ended(process), 0);
}

CAF_TEST(an increment that nobody can keep is no success) {
  std::filesystem::create_directory(state);
  ::chmod(state.c_str(), 0700);
  std::ofstream{state + "/ledgers"} << "in the way";
  program_process process{serve()};
  CAF_REQUIRE(is_ready(process));
  const auto refused = run_program({"incr", "metrics:a:b"});
  CAF_CHECK_EQUAL(refused.status, 1);
  CAF_CHECK(has(refused.text, "cannot be kept"));
  CAF_CHECK_EQUAL(lines(refused.text), 1);
  CAF_CHECK_EQUAL(run_program({"get", "metrics:a:b"}).text, "0\n");
  CAF_CHECK_EQUAL(ended(process), 0);
}

CAF_TEST(what a store that is away has is not told as nothing) {
  const auto away = "--redis-url=unix://" + folder.file("nobody.sock");
  const std::vector<std::vector<std::string>> questions{
    {"get", "metrics:a:b", away}, {"get", "metrics:a:b", "--json", away}, {"counters", away}, {"counters", "x*", away},
    {"features", away}, {"features", "--json", away}};
  for (const bool beside_serve : {false, true}) {
    std::optional<program_process> process;
    if (beside_serve) {
      process.emplace(serve({away}));
      CAF_REQUIRE(is_ready(*process));
    }
    for (const auto& question : questions) {
      const auto result = run_program(question);
      CAF_CHECK_EQUAL(result.status, 1);
      CAF_CHECK(has(result.text, "the store cannot be reached"));
      CAF_CHECK_EQUAL(lines(result.text), 1);
    }
  }
}

CAF_TEST(what is no integer in the store is not told as a count) {
  {
    engine_config config;
    config.state_dir = state;
    config.spot_warmup_interval = config.futures_warmup_interval = std::chrono::nanoseconds{0};
    engine_host host{config};
    CAF_REQUIRE(host.front.write_json("metrics:a:b", "text", std::chrono::nanoseconds{0}));
  }
  const std::vector<std::vector<std::string>> questions{{"get", "metrics:a:b"}, {"get", "metrics:a:b", "--json"}};
  for (const bool beside_serve : {false, true}) {
    std::optional<program_process> process;
    if (beside_serve) {
      process.emplace(serve());
      CAF_REQUIRE(is_ready(*process));
    }
    for (const auto& question : questions) {
      const auto result = run_program(question);
      CAF_CHECK_EQUAL(result.status, 1);
      CAF_CHECK(has(result.text, "counter metrics:a:b is no integer in the store;"));
      CAF_CHECK_EQUAL(lines(result.text), 1);
    }
  }
}

CAF_TEST(a serve without a state folder has no socket anywhere) {
  std::ofstream{state} << "in the way";
  program_process process{serve()};
  CAF_REQUIRE(is_ready(process));
  CAF_CHECK(has(process.read_until("no control socket"), "there is no state folder"));
  CAF_CHECK(!std::filesystem::exists("/control.sock"));
  CAF_CHECK_EQUAL(ended(process), 0);
}

CAF_TEST(a second serve on a state folder leaves the socket to the first) {
  program_process first{serve()};
  CAF_REQUIRE(is_ready(first));
  const auto number = socket_number();
  program_process second{serve()};
  CAF_REQUIRE(is_ready(second));
  CAF_CHECK(has(second.read_until("no control socket"), "another process listens there"));
  CAF_CHECK_EQUAL(socket_number(), number);
  CAF_CHECK_EQUAL(ended(second), 0);
  CAF_CHECK_EQUAL(socket_number(), number);
  CAF_CHECK_EQUAL(run_program({"top", "--once"}).status, 0);
  CAF_CHECK_EQUAL(ended(first), 0);
  CAF_CHECK(!std::filesystem::exists(socket));
}

CAF_TEST(a serve that ends leaves the socket of another one alone) {
  program_process first{serve()};
  CAF_REQUIRE(is_ready(first));
  std::filesystem::remove(socket);
  program_process second{serve()};
  CAF_REQUIRE(is_ready(second));
  CAF_CHECK_EQUAL(ended(first), 0);
  CAF_CHECK_EQUAL(run_program({"top", "--once"}).status, 0);
  CAF_CHECK_EQUAL(ended(second), 0);
}

CAF_TEST(the socket of a serve that was killed is taken over) {
  program_process first{serve()};
  CAF_REQUIRE(is_ready(first));
  first.send(SIGKILL);
  CAF_CHECK_EQUAL(first.wait(), -1);
  program_process second{serve()};
  CAF_REQUIRE(is_ready(second));
  CAF_CHECK_EQUAL(run_program({"top", "--once"}).status, 0);
  CAF_CHECK_EQUAL(ended(second), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE secrets

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

// In every one of them: an API key, a password, a token.
const std::string mark = "Pl4ntedSecret";
const std::string api_key = mark + "OfTheExchange";
const std::string password = mark + "OfRedis";
const std::string token = mark + "OfHttp";

struct fixture {
  temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};

  fixture() {
    std::ofstream{folder.file("key")} << api_key << '\n';
    ::chmod(folder.file("key").c_str(), 0600);
    ::setenv("HOLDFAST_STATE_DIR", folder.file("state").c_str(), 1);
    ::setenv("HOLDFAST_HTTP_TOKEN", token.c_str(), 1);
    ::setenv("HOLDFAST_LOG_LEVEL", "trace", 1);
  }
  ~fixture() {
    for (const char* name : {"HOLDFAST_HTTP_TOKEN", "HOLDFAST_LOG_LEVEL", "REDIS_URL"})
      ::unsetenv(name);
  }
  std::vector<std::string> words(const std::string& command, std::vector<std::string> more = {}) const {
    std::vector<std::string> all{command, "--spot-urls=" + exchange.url(), "--futures-urls=" + exchange.url(),
                                 "--api-key-file=" + folder.file("key"), "--spot-ttl=200ms", "--futures-ttl=200ms"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static bool tells(const std::string& text) { return text.find(mark) != std::string::npos; }
};

std::string get(const std::string& address, const std::string& path) {
  http_client client;
  const auto answer = client.get({.url = address + path, .headers = {{"Authorization", "Bearer " + token}}});
  return answer ? answer->body : std::string{};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(secrets_tests, fixture)

CAF_TEST(no secret is in any log or answer whatever fails) {
  redis_server redis{{.with_port = true, .arguments = {"--requirepass", password}}};
  ::setenv("REDIS_URL", ("redis://:" + password + "@127.0.0.1:" + std::to_string(redis.port())).c_str(), 1);
  program_process process{words("serve", {"--http=127.0.0.1:0"})};
  const auto started = process.read_until("(store: redis");
  const auto begin = started.find("http://");
  CAF_REQUIRE(begin != std::string::npos);
  const auto address = started.substr(begin, started.find(' ', begin) - begin);
  CAF_CHECK(wait_until([&] { return get(address, "/api/v1/symbols/spot").size() > 2; }));
  exchange.set_fault(market::spot, exchange_fault::server_error);
  exchange.set_fault(market::futures, exchange_fault::banned, 60s);
  redis.kill();
  CAF_CHECK(wait_until([&] { return get(address, "/api/v1/status").find("\"up\":false") != std::string::npos; }));
  std::string answers;
  for (const char* path : {"/", "/api/v1/status", "/metrics", "/api/v1/symbols/spot", "/api/v1/counters", "/readyz", "/nowhere"})
    answers += get(address, path);
  CAF_CHECK(answers.size() > 1000);
  CAF_CHECK(!tells(answers));
  for (const std::string command : {"doctor", "counters", "ledger", "symbols"}) {
    std::vector<std::string> more{"--json"};
    if (command == "symbols")
      more.emplace_back("spot");
    CAF_CHECK(!tells(run_program(words(command, more)).text));
    more.erase(more.begin());
    CAF_CHECK(!tells(run_program(words(command, more)).text));
  }
  process.send(SIGTERM);
  const auto log = process.read_to_the_end();
  CAF_CHECK_EQUAL(process.wait(), 0);
  CAF_CHECK(log.find("redis link failed") != std::string::npos);
  CAF_CHECK(!tells(log));
}

CAF_TEST(no secret is in an error about the configuration) {
  for (const auto& url : {"redis://:" + password, "redis://u:" + password + "@h:x", "redis://:" + password + "/1@h",
                          "rediss://:" + password + "@h", "//:" + password + "@h", "redis://:" + password + "%@h"}) {
    const auto result = run_program(words("doctor", {"--redis-url=" + url}));
    CAF_CHECK_EQUAL(result.status, 2);
    CAF_CHECK(!tells(result.text));
    ::setenv("REDIS_URL", url.c_str(), 1);
    CAF_CHECK(!tells(run_program(words("doctor")).text));
    ::unsetenv("REDIS_URL");
  }
  ::setenv("HOLDFAST_HTTP_TOKEN", (token + "\x01").c_str(), 1);
  CAF_CHECK(!tells(run_program(words("doctor")).text));
  ::setenv("HOLDFAST_HTTP_TOKEN", token.c_str(), 1);
  std::ofstream{folder.file("key")} << api_key << " with a blank\n";
  const auto blank = run_program(words("doctor"));
  CAF_CHECK_EQUAL(blank.status, 2);
  CAF_CHECK(!tells(blank.text));
}

CAF_TEST(what is kept belongs to its owner alone and holds no secret) {
  program_process process{words("serve", {"--http=127.0.0.1:0"})};
  CAF_REQUIRE(process.read_until("serving on").find("serving on") != std::string::npos);
  struct stat facts {};
  CAF_CHECK_EQUAL(::stat(folder.file("state").c_str(), &facts), 0);
  CAF_CHECK_EQUAL(facts.st_mode & 0777u, 0700u);
  std::size_t files = 0;
  for (const auto& one : std::filesystem::recursive_directory_iterator{folder.file("state")}) {
    if (::lstat(one.path().c_str(), &facts) != 0)
      continue; // SQLite's journals come and go
    CAF_CHECK_EQUAL(facts.st_mode & 077u, 0u);
    ++files;
    if (!S_ISREG(facts.st_mode) || facts.st_size > (64 << 20))
      continue;
    std::ifstream file{one.path(), std::ios::binary};
    CAF_CHECK(!tells({std::istreambuf_iterator<char>{file}, {}}));
  }
  CAF_CHECK(files >= 3);
  process.send(SIGTERM);
  CAF_CHECK_EQUAL(process.wait(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE program

#include <algorithm>
#include <cstdlib>
#include <string>

#include <holdfast/version.hpp>

#include "config/option_table.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/shell.hpp"

#include "caf/test/dsl.hpp"

namespace {

using namespace holdfast;

using test::outcome;
using test::run_program;

struct fixture {
  test::temporary_folder folder;
  fixture() { ::setenv("HOLDFAST_STATE_DIR", folder.file("state").c_str(), 1); }

  outcome run(const std::string& arguments) { return test::run_shell(std::string{HOLDFAST_PROGRAM} + ' ' + arguments); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(program_tests, fixture)

CAF_TEST(wrong usage is one line and status 2) {
  for (const auto* arguments : {"", "nonsense", "symbols", "symbols moon", "get", "incr", "incr k x", "serve --spot-ttl=-5s",
                                "get k --nonsense=1", "incr 'a b'", "get 'a b'", "get ''", "simulate --port=x"}) {
    const auto result = run(arguments);
    CAF_CHECK_EQUAL(result.status, 2);
    CAF_CHECK_EQUAL(result.text.find('\n') + 1, result.text.size());
  }
}

CAF_TEST(an increment without serve is safe and seen by the next command) {
  CAF_CHECK_EQUAL(run("incr metrics:a:b 5").status, 0);
  CAF_CHECK_EQUAL(run("incr metrics:a:b").text, "");
  CAF_CHECK_EQUAL(run("get metrics:a:b").text, "6\n");
  CAF_CHECK_EQUAL(run("get metrics:missing:one").text, "0\n");
}

CAF_TEST(symbols that cannot be had are status 1 with the reason) {
  const auto result = run("symbols spot --spot-urls=http://127.0.0.1:1 --fetch-timeout=1s");
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(result.text.find("no symbols of spot to be had (no_data: ") != std::string::npos);
  CAF_CHECK_EQUAL(std::count(result.text.begin(), result.text.end(), '\n'), 1);
}

CAF_TEST(help and version are told) {
  CAF_CHECK(run("--help").text.find("--redis-url") != std::string::npos);
  CAF_CHECK_EQUAL(run("--version").text, "holdfast " + std::string{version} + "\n");
}

CAF_TEST(serve tells where it is and ends cleanly when terminated) {
  const auto result = run("serve --simulate --http=127.0.0.1:0 & serve=$!; until " HOLDFAST_PROGRAM
                          " symbols futures --futures-urls=http://127.0.0.1:1 | grep -q BTCUSDT; do :; done; kill -TERM $serve; wait $serve");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(result.text.find("holdfast: serving on http://127.0.0.1:") != std::string::npos);
}

CAF_TEST(every odd value of every option is one line and status 2) {
  for (const auto& option : option_table()) {
    std::vector<std::string> odd{"a\x01z"};
    if (option.kind == option_kind::duration)
      odd.insert(odd.end(), {"", "-1s", "5", "1e9s", "999999999999h", "99999999999999999999s", "1s ", "NaN"});
    if (option.kind == option_kind::number)
      odd.insert(odd.end(), {"", "-1", "1.5", "0x10", "4294967296", "99999999999999999999", "1 "});
    for (const auto& value : odd) {
      const auto result = run_program({"doctor", "--" + std::string{option.name} + "=" + value});
      CAF_CHECK_EQUAL(result.status, 2);
      CAF_CHECK(result.text.find(option.name) != std::string::npos);
      CAF_CHECK(result.text.find("accepted") != std::string::npos);
      CAF_CHECK_EQUAL(std::count(result.text.begin(), result.text.end(), '\n'), 1);
    }
  }
}

CAF_TEST(a counter key with blanks or braces or of absurd length is one line and no success) {
  for (const std::string key : {"", "a b", "a\nb", "{a}", "a}", "\x01", "\x7f"}) {
    const auto result = run_program({"incr", key});
    CAF_CHECK(result.status == 1 || result.status == 2);
    CAF_CHECK_EQUAL(std::count(result.text.begin(), result.text.end(), '\n'), 1);
  }
  CAF_CHECK(run_program({"incr", std::string(201, 'x')}).status != 0);
}

CAF_TEST_FIXTURE_SCOPE_END()

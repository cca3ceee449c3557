#define CAF_SUITE program

#include <cstdlib>
#include <string>

#include <holdfast/version.hpp>

#include "tests/support/shell.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

namespace {

using namespace holdfast;

using test::outcome;

struct fixture {
  test::temporary_folder folder;
  fixture() { ::setenv("HOLDFAST_STATE_DIR", folder.file("state").c_str(), 1); }

  outcome run(const std::string& arguments) { return test::run_shell(std::string{HOLDFAST_PROGRAM} + ' ' + arguments); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(program_tests, fixture)

CAF_TEST(wrong usage is one line and status 2) {
  for (const auto* arguments : {"", "nonsense", "symbols", "symbols moon", "get", "incr", "incr k x", "serve --spot-ttl=-5s",
                                "get k --nonsense=1", "incr 'a b'", "simulate --port=x"}) {
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
  const auto result = run("symbols spot --spot-urls=http://127.0.0.1:1 --fetch-timeout=1s --log-level=off");
  CAF_CHECK_EQUAL(result.status, 1);
  CAF_CHECK(result.text.find("no symbols of spot") != std::string::npos);
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

CAF_TEST_FIXTURE_SCOPE_END()

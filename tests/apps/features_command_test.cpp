#define CAF_SUITE features_command

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_today.hpp"
#include "tests/support/runtime_wait.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

namespace {

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};

  std::vector<std::string> with(std::vector<std::string> words) const {
    words.push_back("--state-dir=" + folder.file("state"));
    words.push_back("--spot-urls=" + exchange.url());
    words.push_back("--futures-urls=" + exchange.url());
    return words;
  }
  test::program_result run(std::vector<std::string> words) const { return test::run_program(with(std::move(words))); }
  void use(const std::string& feature, const std::string& times) const {
    CAF_CHECK_EQUAL(run({"incr", "metrics:feature_usage:" + feature, times}).status, 0);
  }
};

bool has(const test::program_result& result, const std::string& text) { return result.text.find(text) != std::string::npos; }

} // namespace

CAF_TEST_FIXTURE_SCOPE(features_command_tests, fixture)

CAF_TEST(features are told without a serve and beside one) {
  const auto day = test::today();
  CAF_CHECK(has(run({"features"}), "no feature was used yet"));
  use("grid_strategy", "41");
  use("stop_loss", "2");
  const auto alone = run({"features", "--json"});
  CAF_CHECK_EQUAL(alone.status, 0);
  CAF_MESSAGE(alone.text);
  CAF_CHECK(has(alone, "{\"name\":\"grid_strategy\",\"total\":41,\"subjects\":0,"));
  CAF_CHECK(has(alone, "\"most_used\":[\"grid_strategy\",\"stop_loss\"]"));
  test::program_process serve{with({"serve", "--http=127.0.0.1:0", "--log-level=off"})};
  serve.read_until("serving on");
  use("grid_strategy", "1");
  const auto per_day = "\"total\":42,\"subjects\":0,\"per_day\":[0,"; // none yesterday, unless midnight came meanwhile
  CAF_CHECK(test::wait_until([&] { return has(run({"features", "--json", "--days=2"}), per_day) || test::today() != day; }));
  const auto table = run({"features"});
  CAF_MESSAGE(table.text);
  CAF_CHECK(has(table, "FEATURE"));
  CAF_CHECK(table.text.find("grid_strategy") < table.text.find("stop_loss"));
  serve.send(SIGTERM);
  CAF_CHECK_EQUAL(serve.wait(), 0);
}

CAF_TEST(wrong usage is told) {
  CAF_CHECK_EQUAL(run({"features", "grid"}).status, 2);
  CAF_CHECK_EQUAL(run({"features", "--days=0"}).status, 2);
  CAF_CHECK_EQUAL(run({"features", "--days"}).status, 2);
  CAF_CHECK(has(run({"--help"}), "features "));
}

CAF_TEST_FIXTURE_SCOPE_END()

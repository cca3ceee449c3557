#define CAF_SUITE examples

#include <fstream>
#include <iterator>
#include <string>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/shell.hpp"

#include "caf/test/dsl.hpp"

namespace {

using namespace holdfast;

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{}};

  test::outcome run(const std::string& name, const std::string& arguments = {}) {
    return test::run_shell(HOLDFAST_EXAMPLES "/" + name + "/example_" + name + " --spot-urls=" + exchange.url()
                           + " --futures-urls=" + exchange.url() + " --state-dir=" + folder.file("state") + ' ' + arguments);
  }
};

std::string text_of(const std::string& path) {
  std::ifstream file{HOLDFAST_SOURCE_DIR "/" + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(examples_tests, fixture)

CAF_TEST(the readme quotes the minimal example word for word) {
  const auto example = text_of("examples/minimal/main.cpp");
  CAF_REQUIRE(!example.empty());
  CAF_CHECK(text_of("README.md").find("```cpp\n" + example + "```") != std::string::npos);
}

CAF_TEST(the minimal example shows a symbol and leaves its counter in the store) {
  const auto result = run("minimal");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(result.text.find("BTCUSDT tick ") != std::string::npos);
  const auto counted = test::run_shell(HOLDFAST_PROGRAM " get metrics:orders:sent --state-dir=" + folder.file("state"));
  CAF_CHECK_EQUAL(counted.text, "1\n");
}

CAF_TEST(a host of actors gets both markets) {
  const auto result = run("actors_only");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(result.text.find("spot: ") != std::string::npos);
  CAF_CHECK(result.text.find("futures: ") != std::string::npos);
  CAF_CHECK(result.text.find("fresh, from public_api") != std::string::npos);
}

CAF_TEST(the trading engine counts every order that it checks) {
  const auto result = run("trading_engine");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(result.text.find("everything is in the store") != std::string::npos);
  const auto read = [&](const std::string& key) {
    return std::stoll(test::run_shell(HOLDFAST_PROGRAM " get " + key + " --state-dir=" + folder.file("state")).text);
  };
  CAF_CHECK_EQUAL(read("metrics:orders:checked"), read("metrics:orders:sent") + read("metrics:orders:refused_by_rules"));
}

CAF_TEST_FIXTURE_SCOPE_END()

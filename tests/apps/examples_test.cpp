#define CAF_SUITE examples

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <holdfast/version.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/shell.hpp"

#include "caf/test/dsl.hpp"

namespace {

using namespace holdfast;

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{.spot_symbols = 300, .futures_symbols = 60}};

  test::outcome run(const std::string& name, const std::string& arguments = {}) {
    return test::run_shell(HOLDFAST_EXAMPLES "/" + name + "/example_" + name + " --spot-urls=" + exchange.url()
                           + " --futures-urls=" + exchange.url() + " --state-dir=" + folder.file("state") + ' ' + arguments);
  }
};

std::string text_of(const std::string& path) {
  std::ifstream file{HOLDFAST_SOURCE_DIR "/" + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// The lines between two `// [marker]` of a file, without the indentation that they share.
std::string marked(const std::string& path, const std::string& marker) {
  std::istringstream file{text_of(path)};
  std::vector<std::string> lines;
  std::size_t indentation = std::string::npos;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    const auto begin = line.find_first_not_of(' ');
    if (begin != std::string::npos && line.substr(begin) == "// [" + marker + "]") {
      inside = !inside;
    } else if (inside) {
      lines.push_back(line);
      if (begin != std::string::npos)
        indentation = std::min(indentation, begin);
    }
  }
  std::string text;
  for (const auto& line : lines)
    text += (line.empty() ? line : line.substr(indentation)) + '\n';
  return text;
}

// What a document quotes: <!-- FILE [MARKER] --> and the code under it.
struct quotation {
  std::string file;
  std::string marker;
  std::string code;
};

std::vector<quotation> quotations_in(const std::string& document) {
  static const std::regex form{"<!-- ([^ ]+) \\[([^\\]]+)\\] -->\n```cpp\n([^`]*)```"};
  std::vector<quotation> found;
  for (std::sregex_iterator one{document.begin(), document.end(), form}, end; one != end; ++one)
    found.push_back({(*one)[1], (*one)[2], (*one)[3]});
  return found;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(examples_tests, fixture)

CAF_TEST(the readme quotes the minimal example word for word) {
  const auto example = text_of("examples/minimal/main.cpp");
  CAF_REQUIRE(!example.empty());
  CAF_CHECK(text_of("README.md").find("```cpp\n" + example + "```") != std::string::npos);
}

CAF_TEST(the documents quote the examples word for word) {
  std::size_t quoted = 0;
  for (const auto& entry : std::filesystem::directory_iterator{HOLDFAST_SOURCE_DIR "/docs"}) {
    const auto name = "docs/" + entry.path().filename().string();
    for (const auto& [file, marker, code] : quotations_in(text_of(name))) {
      CAF_MESSAGE(name << " quotes " << file << " [" << marker << "]");
      CAF_CHECK_EQUAL(code, marked(file, marker));
      ++quoted;
    }
  }
  CAF_CHECK(quoted > 0);
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

CAF_TEST(the test of a host passes and needs no network) {
  const auto result = test::run_shell(HOLDFAST_EXAMPLES "/testing_host/example_testing_host");
  CAF_CHECK_EQUAL(result.status, 0);
  CAF_CHECK(result.text.find("tests:   1") != std::string::npos);
}

CAF_TEST(the trading engine counts every order that it checks) {
  const auto result = run("trading_engine");
  CAF_CHECK_EQUAL(result.status, 0);
  // Two threads that traded as fast as they could may leave more than its last flush can bring away: `get` adopts the ledger.
  CAF_CHECK(result.text.find("everything is in the store") != std::string::npos
            || result.text.find("the rest is safe in the ledger") != std::string::npos);
  const auto read = [&](const std::string& key) {
    return std::stoll(test::run_shell(HOLDFAST_PROGRAM " get " + key + " --state-dir=" + folder.file("state")).text);
  };
  CAF_CHECK_EQUAL(read("metrics:orders:checked"), read("metrics:orders:sent") + read("metrics:orders:refused_by_rules")
                                                  + read("metrics:orders:held_back"));
}

CAF_TEST(a trading engine whose redis is killed goes on and loses no count) {
  if (!test::redis_server::installed()) {
    CAF_MESSAGE("skipped: no redis-server");
    return;
  }
  test::redis_server redis;
  test::program_process engine{HOLDFAST_EXAMPLES "/trading_engine/example_trading_engine",
                               {"--spot-urls=" + exchange.url(), "--futures-urls=" + exchange.url(), "--redis-url=" + redis.url(),
                                "--state-dir=" + folder.file("state"), "--trading.length=1h"}};
  CAF_CHECK(engine.read_until("symbols fresh").find("symbols fresh") != std::string::npos);
  redis.kill();
  CAF_CHECK(engine.read_until("(store away)").find("(store away)") != std::string::npos);
  redis.start();
  engine.send(SIGINT);
  engine.read_to_the_end();
  CAF_CHECK_EQUAL(engine.wait(), 0);
  // What did not reach Redis in time is in the ledger, which the next engine on the folder adopts.
  const auto counted = [&](const std::string& key) {
    return std::stoll(test::run_shell(HOLDFAST_PROGRAM " get metrics:orders:" + key + " --redis-url=" + redis.url()
                                      + " --state-dir=" + folder.file("state") + " --log-level=off").text);
  };
  CAF_CHECK(counted("checked") > 0);
  CAF_CHECK_EQUAL(counted("checked"), counted("sent") + counted("held_back") + counted("refused_by_rules"));
}

CAF_TEST(an exposer of the host serves the metrics of holdfast beside its own) {
  test::program_process host{HOLDFAST_EXAMPLES "/existing_prometheus/example_existing_prometheus",
                             {"--spot-urls=" + exchange.url(), "--futures-urls=" + exchange.url(), "--state-dir=" + folder.file("state")}};
  const auto told = host.read_until("/metrics\n");
  const auto begin = told.find("http://");
  CAF_REQUIRE(begin != std::string::npos);
  const auto page = test::run_shell("curl -s " + told.substr(begin, told.find('\n', begin) - begin)).text;
  CAF_CHECK(page.find("\nhost_orders_total 1") != std::string::npos);
  CAF_CHECK(page.find("\nholdfast_build_info{version=\"" + std::string{version} + "\"} 1") != std::string::npos);
  host.send(SIGTERM);
  CAF_CHECK_EQUAL(host.wait(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()

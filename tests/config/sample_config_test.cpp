#define CAF_SUITE sample_config

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/engine_config.hpp"
#include "config/option_table.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

namespace {

const std::string sample = HOLDFAST_SOURCE_DIR "/config/holdfast.conf";

std::string text_of_sample() {
  std::ostringstream text;
  text << std::ifstream{sample}.rdbuf();
  return text.str();
}

struct fixture {
  fixture() {
    for (const auto& option : option_table())
      for (const auto name : option.environment)
        ::unsetenv(std::string{name}.c_str());
    ::unsetenv("TESTNET_URL");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sample_config_tests, fixture)

CAF_TEST(the sample configuration is accepted and says what the defaults are) {
  engine_config plain;
  engine_config config;
  const auto no_error = plain.parse(std::vector<std::string>{});
  const auto error = config.parse(std::vector<std::string>{"--config-file=" + sample});
  CAF_CHECK_EQUAL(no_error.text(), "");
  CAF_CHECK_EQUAL(error.text(), "");
  for (const auto& option : option_table()) {
    CAF_MESSAGE(option.name);
    // The sample is for the program, which serves where a host does not.
    const auto by_default = option.name == "http" ? "127.0.0.1:8080" : option.field.text(plain);
    const auto in_sample = option.field.text(config);
    CAF_CHECK_EQUAL(in_sample, by_default);
  }
}

CAF_TEST(what the sample leaves to the default is accepted where it is taken in) {
  const auto text = text_of_sample();
  int left = 0;
  for (const auto& option : option_table()) {
    const auto found = text.find("\n  ; " + std::string{option.name} + " = ");
    if (found == std::string::npos)
      continue;
    ++left;
    const auto begin = text.find(" = ", found) + 3;
    auto value = text.substr(begin, text.find('\n', begin) - begin);
    if (value.starts_with('"'))
      value = value.substr(1, value.size() - 2);
    CAF_MESSAGE(option.name << " = " << value);
    options into;
    CAF_CHECK(option.field.set(into, value));
  }
  CAF_CHECK(left > 5);
}

CAF_TEST(every option is in the sample) {
  const auto text = text_of_sample();
  for (const auto& option : option_table()) {
    CAF_MESSAGE(option.name);
    CAF_CHECK(text.find(std::string{option.name} + " = ") != std::string::npos);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()

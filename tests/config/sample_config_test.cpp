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
  const auto error = config.parse(std::vector<std::string>{"--config-file=" + sample});
  CAF_CHECK_EQUAL(error.text(), "");
  CAF_CHECK(config.spot_ttl == plain.spot_ttl);
  CAF_CHECK(config.redis_command_timeout == plain.redis_command_timeout);
  CAF_CHECK(config.fetch_timeout == plain.fetch_timeout);
  CAF_CHECK(config.restart_window == plain.restart_window);
  CAF_CHECK(config.flush_interval == plain.flush_interval);
  CAF_CHECK(config.history_fine == plain.history_fine);
  CAF_CHECK(config.history_minutes == plain.history_minutes);
  CAF_CHECK(config.history_hours == plain.history_hours);
  CAF_CHECK(config.quote_assets == plain.quote_assets);
  CAF_CHECK_EQUAL(config.ledger_capacity, plain.ledger_capacity);
  CAF_CHECK_EQUAL(config.weight_percent_max, plain.weight_percent_max);
}

CAF_TEST(every option is in the sample) {
  std::ostringstream text;
  text << std::ifstream{sample}.rdbuf();
  for (const auto& option : option_table()) {
    CAF_MESSAGE(option.name);
    CAF_CHECK(text.str().find(std::string{option.name} + " = ") != std::string::npos);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()

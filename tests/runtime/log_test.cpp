#include "runtime/log.hpp"

#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace {

using namespace holdfast;

// The host's logger in place of ours, for one test.
struct host_logger {
  host_logger() {
    spdlog::drop("holdfast");
    auto own = std::make_shared<spdlog::logger>("holdfast", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
    own->set_pattern("%l %v");
    spdlog::register_logger(own);
  }
  ~host_logger() { spdlog::drop("holdfast"); }
  std::ostringstream text;
};

TEST(log, goes_to_the_logger_that_the_host_registered) {
  logger(); // ours exists already
  host_logger host;
  logger()->info("something happened market=spot");
  EXPECT_EQ(host.text.str(), "info something happened market=spot\n");
}

TEST(log, a_failure_that_repeats_is_a_handful_of_lines_and_a_recovery) {
  host_logger host;
  const auto suppressed = suppressed_warnings();
  repeated_failure trouble{"redis link"};
  for (int i = 0; i < 10'000; ++i)
    trouble.failed("connection refused");
  trouble.recovered();
  trouble.recovered();
  EXPECT_EQ(host.text.str(), "warning redis link failed reason=\"connection refused\"\n"
                             "warning redis link still fails failures=10 reason=\"connection refused\"\n"
                             "warning redis link still fails failures=100 reason=\"connection refused\"\n"
                             "warning redis link still fails failures=1000 reason=\"connection refused\"\n"
                             "warning redis link still fails failures=10000 reason=\"connection refused\"\n"
                             "info redis link works again failures=10000\n");
  EXPECT_EQ(trouble.suppressed(), 9'995u);
  EXPECT_EQ(suppressed_warnings() - suppressed, 9'995u);
}

TEST(log, another_reason_is_a_line_at_once_but_not_every_time_that_two_take_turns) {
  host_logger host;
  repeated_failure trouble{"fetch", " market=spot"};
  const boot_time begin{std::chrono::hours{1}};
  for (int second = 0; second < 119; ++second)
    trouble.failed(second < 55 ? "no route" : second % 2 == 0 ? "WRONGPASS" : "no route", begin + std::chrono::seconds{second});
  EXPECT_EQ(host.text.str(), "warning fetch failed market=spot reason=\"no route\"\n"
                             "warning fetch still fails market=spot failures=10 reason=\"no route\"\n"
                             "warning fetch still fails market=spot failures=71 reason=\"WRONGPASS\"\n"
                             "warning fetch still fails market=spot failures=100 reason=\"no route\"\n");
}

TEST(log, a_value_from_outside_cannot_end_its_quotes_or_the_line) {
  EXPECT_EQ(log_value("ERR \"x\" a\\b\n\x1b[0m"), "\"ERR \\\"x\\\" a\\\\b\\\\x0a\\\\x1b[0m\"");
}

} // namespace

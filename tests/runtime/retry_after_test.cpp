#include "runtime/retry_after.hpp"

#include <gtest/gtest.h>

#include "runtime/request_weight.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

// Tue, 15 Sep 2026 12:00:00 GMT
constexpr wall_time noon{seconds{1'789'473'600}};

http_answer answer_with(std::vector<std::pair<std::string, std::string>> headers, std::string body = {}) {
  return {418, std::move(body), std::move(headers)};
}

TEST(retry_after, seconds_are_taken_within_bounds) {
  EXPECT_EQ(parse_retry_after("30", noon), 30s);
  EXPECT_EQ(parse_retry_after("2.5", noon), 3s);
  EXPECT_EQ(parse_retry_after("0.1", noon), 1s);
  EXPECT_EQ(parse_retry_after("259200", noon), 72h);
  EXPECT_EQ(parse_retry_after("999999999", noon), embargo_max);
  EXPECT_EQ(parse_retry_after("99999999999999999999999999", noon), embargo_max);
}

TEST(retry_after, dates_are_taken_within_bounds) {
  EXPECT_EQ(parse_retry_after("Tue, 15 Sep 2026 12:02:00 GMT", noon), 120s);
  EXPECT_EQ(parse_retry_after("Tue, 15 Sep 2026 12:00:01 GMT", noon), 1s);
  EXPECT_EQ(parse_retry_after("Wed, 15 Sep 2027 12:00:00 GMT", noon), embargo_max);
}

TEST(retry_after, nothing_to_wait_for_is_nothing_told) {
  for (const auto* text : {"0", "000", "0.0", "-5", "-0", "-2.5", "Tue, 15 Sep 2026 12:00:00 GMT", "Tue, 15 Sep 2026 11:00:00 GMT"}) {
    EXPECT_EQ(parse_retry_after(text, noon), std::nullopt) << text;
    EXPECT_EQ(embargo_of(answer_with({{"retry-after", text}}), noon, 120s), 120s) << text;
  }
}

TEST(retry_after, nonsense_is_none) {
  for (const auto* text : {"", "soon", "30 seconds", "12:00", "-", "0x10", "Tue", "30abc", "\xff\xfe"})
    EXPECT_EQ(parse_retry_after(text, noon), std::nullopt) << text;
}

TEST(retry_after, the_longest_of_header_and_body_counts) {
  const auto until = [](std::int64_t ms) {
    return R"({"code":-1003,"msg":"Way too much request weight used; IP banned until )" + std::to_string(ms)
           + R"(. Please use the websocket."})";
  };
  const std::int64_t noon_ms = 1'789'473'600'000;
  EXPECT_EQ(embargo_of(answer_with({{"retry-after", "30"}}, until(noon_ms + 90'000)), noon, 5s), 91s);
  EXPECT_EQ(embargo_of(answer_with({{"retry-after", "300"}}, until(noon_ms + 90'000)), noon, 5s), 300s);
  EXPECT_EQ(embargo_of(answer_with({}, until(noon_ms + 90'000)), noon, 5s), 91s);
  EXPECT_EQ(embargo_of(answer_with({}, until(noon_ms - 90'000)), noon, 5s), 5s);
  EXPECT_EQ(embargo_of(answer_with({{"retry-after", "0"}}, until(noon_ms + 90'000)), noon, 5s), 91s);
  EXPECT_EQ(embargo_of(answer_with({{"retry-after", "30"}}, until(noon_ms - 90'000)), noon, 5s), 30s);
  EXPECT_EQ(embargo_of(answer_with({}, "banned until 99999999999999999999999"), noon, 5s), embargo_max);
}

TEST(retry_after, an_answer_that_tells_nothing_gets_the_fallback) {
  EXPECT_EQ(embargo_of(answer_with({}), noon, 60s), 60s);
  EXPECT_EQ(embargo_of(answer_with({{"retry-after", "later"}}, "banned until further notice"), noon, 60s), 60s);
}

TEST(retry_after, a_wrong_clock_of_this_machine_does_not_change_a_date) {
  const auto wrong = noon - 24h * 365;
  const auto answer = answer_with({{"date", "Tue, 15 Sep 2026 12:00:00 GMT"}, {"retry-after", "Tue, 15 Sep 2026 12:02:00 GMT"}});
  EXPECT_EQ(embargo_of(answer, wrong, 5s), 120s);
  EXPECT_EQ(answered_at(answer, wrong), noon);
  EXPECT_EQ(answered_at(answer_with({{"date", "nonsense"}}), wrong), wrong);
}

TEST(request_weight, is_read_signed_and_only_when_whole) {
  const auto told = [](const char* text) { return used_weight(answer_with({{"x-mbx-used-weight-1m", text}})); };
  EXPECT_EQ(told("20"), 20);
  EXPECT_EQ(told("0"), 0);
  for (const auto* text : {"-1", "", "20 of 6000", "99999999999999999999"})
    EXPECT_EQ(told(text), std::nullopt) << text;
  EXPECT_EQ(used_weight(answer_with({})), std::nullopt);
}

TEST(request_weight, a_share_is_exact_for_any_limit) {
  EXPECT_FALSE(beyond_share(4800, 6000, 80));
  EXPECT_TRUE(beyond_share(4801, 6000, 80));
  EXPECT_FALSE(beyond_share(1, 0, 80));
  EXPECT_FALSE(beyond_share(1, -6000, 80));
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(beyond_share(largest, largest, 80));
  EXPECT_FALSE(beyond_share(largest / 2, largest, 80));
}

} // namespace
} // namespace holdfast

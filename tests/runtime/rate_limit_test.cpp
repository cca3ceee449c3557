#include "runtime/rate_limit.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

rate_limit_error why(std::string_view key, std::int64_t limit = 10, std::chrono::nanoseconds window = 1s,
                     const limiter_options& options = {}) {
  const auto made = check_rate_limit(key, limit, window, options);
  return made ? rate_limit_error::none : made.error().why;
}

TEST(rate_limit, takes_a_subject_and_an_action) {
  const auto made = check_rate_limit("rate_limit:user_123:api_calls", 10, 60s, {});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->key, "rate_limit:user_123:api_calls");
  EXPECT_EQ(made->action, "api_calls");
  EXPECT_EQ(made->rule.window_us, 60'000'000);
  EXPECT_EQ(*rate_limit_key("a@b.example", "login"), "rate_limit:a@b.example:login");
  EXPECT_EQ(why("rate_limit:zo\xc3\xab:login"), rate_limit_error::none);
}

TEST(rate_limit, refuses_keys_that_are_no_subject_and_action) {
  for (const auto* key : {"", "rate_limit:", "rate_limit:a", "metrics:a:b", "rate_limit", "RATE_LIMIT:a:b"})
    EXPECT_EQ(why(key), rate_limit_error::bad_key) << key;
  for (const std::string subject : {"", "a b", "a\nb", "a{b", "a}b", "a\tb", "\x7f"})
    EXPECT_EQ(why("rate_limit:" + subject + ":x"), rate_limit_error::bad_subject) << subject;
  EXPECT_EQ(why(std::string{"rate_limit:a\0b:x", 16}), rate_limit_error::bad_subject);
  EXPECT_EQ(why("rate_limit:" + std::string(129, 'a') + ":x"), rate_limit_error::bad_subject);
  for (const std::string action : {"", "a:b", "a b", "a/b", "\xc3\xab"})
    EXPECT_EQ(why("rate_limit:a:" + action), rate_limit_error::bad_action) << action;
  EXPECT_EQ(why("rate_limit:a:" + std::string(65, 'a')), rate_limit_error::bad_action);
  EXPECT_EQ(rate_limit_key("a:b", "c").error().why, rate_limit_error::bad_subject);
}

TEST(rate_limit, refuses_limits_and_windows_that_cannot_be) {
  constexpr auto key = "rate_limit:a:b";
  for (const auto limit : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'000'000'001}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(why(key, limit), rate_limit_error::bad_limit) << limit;
  for (const std::chrono::nanoseconds window : {0ns, -1000000000ns, 999999ns, 1000001ns, std::chrono::nanoseconds{744h} + 1us})
    EXPECT_EQ(why(key, 10, window), rate_limit_error::bad_window) << window.count();
  EXPECT_EQ(why(key, rate_limit_max, rate_window_max), rate_limit_error::none);
  EXPECT_EQ(why(key, rate_limit_max, rate_window_max, {.algorithm = rate_algorithm::smooth}), rate_limit_error::bad_window);
}

TEST(rate_limit, refuses_leases_that_cannot_be_kept) {
  constexpr auto key = "rate_limit:a:b";
  const limiter_options leased{.mode = rate_mode::leased};
  EXPECT_EQ(why(key, 10, 1s, leased), rate_limit_error::none);
  EXPECT_EQ(why(key, 10, 999ms, leased), rate_limit_error::bad_options);
  auto wrong = leased;
  wrong.lease_share = 11;
  EXPECT_EQ(why(key, 10, 1s, wrong), rate_limit_error::bad_options);
  wrong.lease_share = lease_share_max + 1;
  EXPECT_EQ(why(key, rate_limit_max, 1s, wrong), rate_limit_error::bad_options);
  wrong.lease_share = lease_share_max;
  EXPECT_EQ(why(key, rate_limit_max, 1s, wrong), rate_limit_error::none);
  EXPECT_EQ(check_rate_limit(key, rate_limit_max, 1s, leased)->options.lease_share, lease_share_max);
  wrong = leased;
  wrong.lease_for = 99ms;
  EXPECT_EQ(why(key, 10, 1s, wrong), rate_limit_error::bad_options);
  wrong = leased;
  wrong.algorithm = rate_algorithm::smooth;
  EXPECT_EQ(why(key, 10, 1s, wrong), rate_limit_error::bad_options);
  EXPECT_EQ(why(key, 10, 1s, {.deadline = 0s}), rate_limit_error::bad_options);
  EXPECT_EQ(why(key, 10, 1s, {.near_percent = 0}), rate_limit_error::bad_options);
}

TEST(rate_limit, says_what_is_wrong_with_which_value) {
  EXPECT_EQ(check_rate_limit("rate_limit:a:b", 0, 1s, {}).error().text, "rate limit: limit 0: 1 to 1000000000 are accepted");
}

} // namespace
} // namespace holdfast

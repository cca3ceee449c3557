#include "runtime/smooth_rate.hpp"

#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/runtime_sanitizer.hpp"

namespace holdfast {
namespace {

constexpr std::int64_t epoch = 1'700'000'000'000'000;
__extension__ using wide = __int128;

rate_rule smooth(std::int64_t limit, std::int64_t window) { return {limit, window, rate_algorithm::smooth}; }

rate_verdict ask(std::string& state, const rate_rule& rule, std::int64_t now, std::uint32_t amount = 1) {
  return decide(state, {rule, {amount}}, now).verdicts.front();
}

// The arrival time in parts of 1/limit microseconds: GCRA as it is written down, without rounding.
void check_against_model(std::int64_t limit, std::int64_t window, int steps, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::string state;
  wide arrival = 0;
  std::int64_t now = epoch;
  std::deque<std::pair<std::int64_t, std::int64_t>> admitted;
  std::int64_t in_window = 0;
  for (int i = 0; i < test::steps_of(steps); ++i) {
    const auto spacing = static_cast<std::uint64_t>(window / limit + 2);
    now += static_cast<std::int64_t>(random() % (random() % 100 == 0 ? static_cast<std::uint64_t>(2 * window) : spacing));
    const auto amount = static_cast<std::int64_t>(random() % 20 == 0 ? random() % static_cast<std::uint64_t>(limit + 2) : 1);
    const wide at = wide{now} * limit;
    const wide after = std::max(arrival, at) + wide{amount} * window;
    const bool allowed = amount <= limit && after - at <= wide{window} * limit;
    const auto verdict = ask(state, smooth(limit, window), now, static_cast<std::uint32_t>(amount));
    ASSERT_EQ(verdict.allowed, allowed) << "step " << i;
    if (allowed)
      arrival = amount > 0 ? after : arrival;
    else
      ASSERT_EQ(verdict.retry_after_us,
                amount > limit ? -1 : static_cast<std::int64_t>((after - at - wide{window} * limit + limit - 1) / limit));
    while (!admitted.empty() && admitted.front().first <= now - window) {
      in_window -= admitted.front().second;
      admitted.pop_front();
    }
    if (allowed) {
      admitted.emplace_back(now, amount);
      in_window += amount;
    }
    ASSERT_LE(in_window, 2 * limit - 1);
  }
}

TEST(smooth_rate, is_gcra_to_the_fraction_of_a_microsecond) {
  check_against_model(1, 1000, 300'000, 1);
  check_against_model(3, 1'000'000, 500'000, 2);
  check_against_model(7, 1000, 500'000, 3);
  check_against_model(600'001, 1'000'000, 300'000, 4);
  check_against_model(1'000'000, 3'600'000'000, 300'000, 5);
}

TEST(smooth_rate, admits_a_burst_and_then_one_less_than_twice_the_limit_in_a_window) {
  std::string state;
  const auto rule = smooth(10, 1'000'000);
  int admitted = 0;
  for (std::int64_t at = 0; at < 1'000'000; at += 10'000)
    while (ask(state, rule, epoch + at).allowed)
      ++admitted;
  EXPECT_EQ(admitted, 19);
}

TEST(smooth_rate, takes_a_clock_that_went_back_to_have_stood_still) {
  std::string state;
  const auto rule = smooth(10, 1'000'000);
  EXPECT_TRUE(ask(state, rule, epoch, 10).allowed);
  EXPECT_EQ(ask(state, rule, epoch - 3'600'000'000).retry_after_us, 100'000);
  EXPECT_EQ(ask(state, rule, epoch - 3'600'000'000 + 100'000, 11).retry_after_us, -1);
}

TEST(smooth_rate, counts_a_key_of_the_other_algorithm_as_used_up) {
  std::string state;
  EXPECT_TRUE(ask(state, smooth(10, 1000), epoch).allowed);
  EXPECT_FALSE(ask(state, {10, 1000}, epoch).allowed);
  std::string rolling;
  EXPECT_TRUE(ask(rolling, {10, 1000}, epoch).allowed);
  EXPECT_EQ(ask(rolling, smooth(10, 1000), epoch).retry_after_us, 1000);
}

TEST(smooth_rate, goes_on_where_the_limit_changes) {
  std::string state;
  EXPECT_TRUE(ask(state, smooth(3, 1'000'000), epoch).allowed);
  EXPECT_EQ(ask(state, smooth(10, 1'000'000), epoch).remaining, 5);
  EXPECT_FALSE(ask(state, smooth(1, 1'000'000), epoch).allowed);
}

} // namespace
} // namespace holdfast

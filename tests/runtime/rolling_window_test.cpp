// The rolling window against a list of admissions, and its promises against the definition of a window.
#include "runtime/rolling_window.hpp"

#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/runtime_sanitizer.hpp"

namespace holdfast {
namespace {

constexpr std::int64_t epoch = 1'700'000'000'000'000;

// Every admission with its moment; what was admitted in the half open window that ends now is counted one by one.
struct admissions {
  struct admission {
    std::int64_t at;
    std::int64_t count;
  };
  std::deque<admission> all;
  std::int64_t used = 0;

  std::int64_t in_window(std::int64_t now, std::int64_t window) {
    while (!all.empty() && all.front().at <= now - window) {
      used -= all.front().count;
      all.pop_front();
    }
    return used;
  }
  void add(std::int64_t at, std::int64_t count) {
    all.push_back({at, count});
    used += count;
  }
  // When `needed` fewer will count.
  std::int64_t free_at(std::int64_t needed, std::int64_t window) const {
    for (const auto& one : all)
      if ((needed -= one.count) <= 0)
        return one.at + window;
    return -1;
  }
};

rate_verdict ask(std::string& state, const rate_rule& rule, std::int64_t now, std::uint32_t amount = 1, std::int64_t hold = 0) {
  return decide(state, {rule, {amount}, hold}, now).verdicts.front();
}

// Steps that like to land on, just before and just after the moment at which something expires.
std::int64_t next_step(std::mt19937_64& random, const admissions& known, std::int64_t now, std::int64_t window) {
  const auto pick = random() % 10;
  if (pick < 4 && !known.all.empty()) {
    const auto boundary = known.all[random() % std::min<std::size_t>(known.all.size(), 3)].at + window;
    const auto step = boundary + static_cast<std::int64_t>(random() % 3) - 1 - now;
    if (step >= 0)
      return step;
  }
  if (pick < 6)
    return 0;
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(pick < 9 ? window / 20 + 2 : window * 2));
}

void check_against_model(std::int64_t limit, std::int64_t window, int steps, std::uint64_t seed) {
  const rate_rule rule{limit, window};
  std::mt19937_64 random{seed};
  std::string state;
  admissions model;
  std::int64_t now = epoch;
  for (int i = 0; i < test::steps_of(steps); ++i) {
    now += next_step(random, model, now, window);
    const auto amount = random() % 8 == 0 ? random() % static_cast<std::uint64_t>(limit + 2) : random() % 2 + 1;
    const auto wanted = static_cast<std::int64_t>(amount);
    const auto used = model.in_window(now, window);
    const auto verdict = ask(state, rule, now, static_cast<std::uint32_t>(amount));
    ASSERT_EQ(verdict.allowed, used + wanted <= limit) << "step " << i << " seed " << seed;
    ASSERT_EQ(verdict.remaining, limit - used - verdict.granted);
    if (verdict.granted > 0)
      model.add(now, wanted);
    if (!verdict.allowed) {
      ASSERT_EQ(verdict.retry_after_us, wanted > limit ? -1 : model.free_at(used + wanted - limit, window) - now);
    }
  }
}

TEST(rolling_window, decides_as_a_list_of_all_admissions_does_at_every_microsecond) {
  check_against_model(1, 1000, 300'000, 1);
  check_against_model(5, 1000, 600'000, 2);
  check_against_model(37, 1'000'000, 600'000, 3);
  check_against_model(1000, 1'000'000, 600'000, 4);
  check_against_model(100, 31LL * 24 * 3600 * 1'000'000, 2'000, 5);
}

TEST(rolling_window, admits_again_in_the_microsecond_in_which_an_admission_is_a_window_old) {
  std::string state;
  const rate_rule rule{2, 1000};
  EXPECT_TRUE(ask(state, rule, epoch).allowed);
  EXPECT_TRUE(ask(state, rule, epoch + 1).allowed);
  const auto refused = ask(state, rule, epoch + 999);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after_us, 1);
  EXPECT_TRUE(ask(state, rule, epoch + 1000).allowed);
  EXPECT_FALSE(ask(state, rule, epoch + 1000).allowed);
  EXPECT_TRUE(ask(state, rule, epoch + 1001).allowed);
}

// Above 1,000: never over the limit in any window, and refused only what a window longer by one part would hold up too.
void check_parts(std::int64_t limit, std::int64_t window, int steps, std::uint64_t seed) {
  const rate_rule rule{limit, window};
  const auto part = (window + window_parts - 1) / window_parts;
  std::mt19937_64 random{seed};
  std::string state;
  admissions truth;
  admissions longer;
  std::int64_t now = epoch;
  for (int i = 0; i < test::steps_of(steps); ++i) {
    now += next_step(random, truth, now, window);
    const auto amount = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit / 20));
    const auto verdict = ask(state, rule, now, static_cast<std::uint32_t>(amount));
    const auto used = truth.in_window(now, window);
    ASSERT_TRUE(!verdict.allowed || used + amount <= limit) << "over the limit, step " << i;
    ASSERT_TRUE(verdict.allowed || longer.in_window(now, window + part) + amount > limit) << "under by more, step " << i;
    if (verdict.allowed && amount > 0) {
      truth.add(now, amount);
      longer.add(now, amount);
    }
  }
  EXPECT_LE(state.size(), 64u + 128 * 12);
}

TEST(rolling_window, counts_partly_expired_parts_in_full_above_a_thousand) {
  check_parts(1001, 1'000'000, 500'000, 6);
  check_parts(5'000, 1000, 500'000, 7);
  check_parts(1'000'000'000, 60'000'000, 300'000, 8);
}

TEST(rolling_window, gives_at_least_64_of_65_of_a_limit_above_a_thousand) {
  const rate_rule rule{64'000, 64'000'000};
  std::string state;
  std::int64_t admitted = 0;
  for (std::int64_t now = epoch; now < epoch + 100 * rule.window_us; now += 10'000)
    admitted += decide(state, {rule, {64'000}, 0, 1}, now).verdicts.front().granted;
  EXPECT_GE(admitted, 100 * rule.limit * 64 / 65);
  EXPECT_LE(admitted, 101 * rule.limit);
}

TEST(rolling_window, counts_what_may_be_used_later_until_a_window_after_its_last_use) {
  std::string state;
  const rate_rule rule{1, 1000};
  EXPECT_TRUE(ask(state, rule, epoch, 1, 100).allowed);
  EXPECT_FALSE(ask(state, rule, epoch + 1099).allowed);
  EXPECT_TRUE(ask(state, rule, epoch + 1100).allowed);
}

TEST(rolling_window, takes_a_clock_that_went_back_to_have_stood_still) {
  std::string state;
  const rate_rule rule{2, 1'000'000};
  const auto hour = 3'600'000'000;
  EXPECT_TRUE(ask(state, rule, epoch).allowed);
  EXPECT_TRUE(ask(state, rule, epoch + 10).allowed);
  EXPECT_EQ(ask(state, rule, epoch - hour).retry_after_us, 1'000'000 - 10);
  EXPECT_FALSE(ask(state, rule, epoch - hour + 999'989).allowed);
  // At most one window of the clock as it goes now is all it costs.
  EXPECT_TRUE(ask(state, rule, epoch - hour + 999'990).allowed);
  EXPECT_FALSE(ask(state, rule, epoch - hour + 999'999).allowed);
  EXPECT_TRUE(ask(state, rule, epoch - hour + 1'000'000).allowed);
  EXPECT_FALSE(ask(state, rule, epoch - hour + 1'999'989).allowed);
  EXPECT_TRUE(ask(state, rule, epoch - hour + 1'999'990).allowed);
}

TEST(rolling_window, never_admits_too_much_in_real_time_however_often_the_clock_goes_back) {
  const rate_rule rule{20, 10'000};
  std::mt19937_64 random{9};
  std::string state;
  admissions truth;
  std::int64_t real = epoch;
  std::int64_t behind = 0;
  for (int i = 0; i < 400'000; ++i) {
    real += next_step(random, truth, real, rule.window_us);
    if (random() % 50 == 0)
      behind += static_cast<std::int64_t>(random() % 30'000);
    const auto used = truth.in_window(real, rule.window_us);
    if (ask(state, rule, real - behind).allowed) {
      ASSERT_LE(used + 1, rule.limit);
      truth.add(real, 1);
    }
  }
}

TEST(rolling_window, keeps_what_it_knows_when_the_limit_changes) {
  std::string state;
  for (int i = 0; i < 900; ++i)
    EXPECT_TRUE(ask(state, {1000, 1'000'000}, epoch + i).allowed);
  EXPECT_FALSE(ask(state, {900, 1'000'000}, epoch + 900).allowed);
  EXPECT_EQ(ask(state, {5000, 1'000'000}, epoch + 900, 4100).remaining, 0);
  EXPECT_FALSE(ask(state, {1000, 1'000'000}, epoch + 1'000'899).allowed);
}

TEST(rolling_window, counts_what_was_admitted_without_the_store_first) {
  std::string state;
  const rate_rule rule{10, 1'000'000};
  const auto outcome = decide(state, {rule, {3, 3}, 0, 0, 6}, epoch);
  EXPECT_TRUE(outcome.verdicts[0].allowed);
  EXPECT_FALSE(outcome.verdicts[1].allowed);
  EXPECT_FALSE(decide(state, {rule, {2}, 0, 0, 1000}, epoch + 1).verdicts.front().allowed);
  EXPECT_TRUE(ask(state, rule, epoch + 1'000'001, 10).allowed);
}

TEST(rolling_window, gives_a_part_of_what_is_wanted_where_asked_to) {
  std::string state;
  const rate_rule rule{10, 1000};
  const auto verdicts = decide(state, {rule, {7, 7, 7}, 0, 1}, epoch).verdicts;
  EXPECT_EQ(verdicts[0].granted, 7);
  EXPECT_EQ(verdicts[1].granted, 3);
  EXPECT_FALSE(verdicts[2].allowed);
  EXPECT_EQ(verdicts[2].retry_after_us, 1000);
}

TEST(rolling_window, gives_no_part_that_is_too_small_and_tells_when_it_is_large_enough) {
  std::string state;
  const rate_rule rule{10, 1000};
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(ask(state, rule, epoch + i).allowed);
  const auto refused = decide(state, {rule, {7}, 0, 5}, epoch + 10);
  EXPECT_FALSE(refused.verdicts.front().allowed);
  EXPECT_FALSE(refused.changed);
  EXPECT_EQ(refused.verdicts.front().retry_after_us, 1002 - 10);
  EXPECT_EQ(decide(state, {rule, {7}, 0, 5}, epoch + 1002).verdicts.front().granted, 5);
}

// A store forgets at a whole millisecond: the one in which it was written, by its clock, plus this many.
TEST(rolling_window, is_kept_until_nothing_in_it_counts_any_more) {
  const rate_rule rule{1, 1900};
  std::string state;
  const auto at = epoch + 900;
  const auto outcome = decide(state, {rule, {1}}, at);
  EXPECT_GE((at / 1000 + outcome.expires_in_ms) * 1000, at + rule.window_us);
  EXPECT_LE(outcome.expires_in_ms, 3);
  // Of a key that somebody made permanent as well, whose permits may be used later.
  decide(state, {{2, 1900}, {1}, 5'000'000}, at);
  const auto refused = decide(state, {rule, {1}}, at);
  EXPECT_FALSE(refused.changed);
  EXPECT_GE(refused.expires_in_ms, 5001);
}

TEST(rolling_window, takes_bytes_of_somebody_else_or_cut_ones_for_empty) {
  std::string whole;
  for (int i = 0; i < 20; ++i)
    ask(whole, {20, 1'000'000}, epoch + i);
  EXPECT_FALSE(ask(whole, {20, 1'000'000}, epoch + 20).allowed);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    auto cut = whole.substr(0, length);
    EXPECT_TRUE(ask(cut, {20, 1'000'000}, epoch + 20).allowed);
  }
  std::mt19937_64 random{10};
  for (int i = 0; i < 100'000; ++i) {
    auto broken = whole;
    for (auto hits = random() % 4 + 1; hits > 0; --hits)
      broken[random() % broken.size()] = static_cast<char>(random());
    ask(broken, {20, 1'000'000}, epoch + 20, 3); // answers, whatever it makes of it
  }
}

} // namespace
} // namespace holdfast

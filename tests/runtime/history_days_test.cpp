#include "runtime/history_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

constexpr std::int64_t day = 86'400;
constexpr std::int64_t first_day = 20'000 * day;

struct history_days_test : ::testing::Test {
  test::temporary_folder folder;
  std::unique_ptr<history_file> file = std::move(*history_file::open(folder.file("history.sqlite")));

  void watch(std::int64_t at, const counter_values& values) {
    ASSERT_TRUE(file->record(at, values));
    ASSERT_TRUE(file->roll_up());
  }
  std::vector<std::int64_t> days(std::uint32_t count, std::int64_t now) { return file->per_day("k", count, now); }
};

TEST_F(history_days_test, each_day_has_what_was_counted_in_it) {
  watch(first_day + 100, {{"other", 1}});
  watch(first_day + 3600, {{"other", 1}, {"k", 5}});
  watch(first_day + 80'000, {{"other", 1}, {"k", 7}});
  watch(first_day + day + 50, {{"other", 1}, {"k", 10}});
  watch(first_day + 3 * day + 50, {{"other", 1}, {"k", 110}});
  const auto now = first_day + 3 * day + 60;
  EXPECT_EQ(days(4, now), (std::vector<std::int64_t>{7, 3, 0, 100}));
  EXPECT_EQ(days(2, now), (std::vector<std::int64_t>{0, 100}));
  EXPECT_EQ(days(6, now), (std::vector<std::int64_t>{0, 0, 7, 3, 0, 100}));
}

TEST_F(history_days_test, what_a_counter_was_before_the_history_began_is_no_growth) {
  watch(first_day + 100, {{"k", 1000}});
  watch(first_day + 200, {{"k", 1003}});
  EXPECT_EQ(days(2, first_day + 300), (std::vector<std::int64_t>{0, 3}));
}

TEST_F(history_days_test, a_counter_that_came_right_after_the_history_began_is_growth_from_its_first_use) {
  watch(first_day + 100, {{"other", 1}});
  watch(first_day + 105, {{"other", 1}, {"k", 41}});
  EXPECT_EQ(days(2, first_day + 300), (std::vector<std::int64_t>{0, 41}));
}

TEST_F(history_days_test, a_counter_that_began_anew_counts_from_zero) {
  watch(first_day + 100, {{"other", 1}});
  watch(first_day + 200, {{"k", 1000}});
  watch(first_day + day + 100, {{"k", 4}});
  EXPECT_EQ(days(2, first_day + day + 200), (std::vector<std::int64_t>{1000, 4}));
}

TEST_F(history_days_test, a_counter_that_nobody_knows_has_no_growth) {
  EXPECT_EQ(days(3, first_day), (std::vector<std::int64_t>{0, 0, 0}));
  EXPECT_TRUE(days(0, first_day).empty());
}

TEST(day_text, it_is_a_day_of_utc) {
  EXPECT_EQ(day_text(0), "1970-01-01");
  EXPECT_EQ(day_text(20'781), "2026-11-24");
}

} // namespace
} // namespace holdfast

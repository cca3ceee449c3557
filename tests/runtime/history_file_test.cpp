#include "runtime/history_file.hpp"

#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "tests/support/runtime_captured_log.hpp"
#include "tests/support/runtime_sqlite.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace {

using namespace holdfast;

constexpr std::int64_t begin = 1'800'000'000; // the turn of an hour

struct history : ::testing::Test {
  test::temporary_folder folder;
  history_limits limits;
  std::unique_ptr<history_file> file = open();

  std::unique_ptr<history_file> open() {
    auto opened = history_file::open(folder.file("history.sqlite"), limits);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  void reopen() {
    file.reset();
    file = open();
  }
  // One record every 10 s; the counter grows by 5 with each.
  void watch(std::int64_t from, std::int64_t until) {
    for (auto now = from; now < until; now += 10)
      ASSERT_TRUE(file->record(now, {{"metrics:a:b", (now - begin) / 2}, {"metrics:idle:x", 7}}));
  }
  history_line read(std::int64_t since, std::int64_t until, std::optional<std::int64_t> step = {},
                    const std::string& key = "metrics:a:b", std::optional<std::int64_t> now = {}) {
    auto line = file->read(key, {since, until, step}, now.value_or(until));
    EXPECT_TRUE(line);
    return line ? *line : history_line{};
  }
  // One record that gets as far as its first new row, and no further.
  void fail_to_record(std::int64_t now, const counter_values& values, const char* how = "ABORT") {
    const auto trigger =
        std::string{"CREATE TRIGGER full BEFORE INSERT ON point BEGIN SELECT RAISE("} + how + ", 'no room'); END";
    ASSERT_TRUE(test::execute(folder.file("history.sqlite"), trigger.c_str()));
    EXPECT_FALSE(file->record(now, values));
    EXPECT_EQ(file->last_error(), "no room");
    ASSERT_TRUE(test::execute(folder.file("history.sqlite"), "DROP TRIGGER full"));
  }
};

TEST_F(history, tells_totals_and_rates_every_ten_seconds) {
  watch(begin, begin + 60);
  const auto line = read(begin, begin + 59);
  EXPECT_EQ(line.step, 10);
  ASSERT_EQ(line.points.size(), 6u);
  EXPECT_EQ(line.points[0].at, begin);
  EXPECT_FALSE(line.points[0].rate);
  EXPECT_EQ(line.points[5].value, 25);
  EXPECT_DOUBLE_EQ(line.points[5].rate.value_or(0), 0.5);
}

TEST_F(history, the_first_point_of_a_range_has_the_rate_since_the_one_before) {
  watch(begin, begin + 60);
  EXPECT_DOUBLE_EQ(read(begin + 30, begin + 59).points.front().rate.value_or(0), 0.5);
}

TEST_F(history, an_idle_counter_is_a_line_and_costs_one_row) {
  watch(begin, begin + 60);
  const auto before = file->bytes();
  watch(begin + 60, begin + 600);
  const auto line = read(begin, begin + 599, {}, "metrics:idle:x");
  ASSERT_EQ(line.points.size(), 60u);
  EXPECT_EQ(line.points.back().value, 7);
  EXPECT_LE(file->bytes() - before, 16'384u);
}

TEST_F(history, a_time_in_which_nobody_watched_stays_a_gap) {
  watch(begin, begin + 60);
  reopen();
  watch(begin + 300, begin + 360);
  const auto line = read(begin, begin + 359);
  ASSERT_EQ(line.points.size(), 12u);
  EXPECT_EQ(line.points[6].at, begin + 300);
  EXPECT_FALSE(line.points[6].rate);
  EXPECT_TRUE(line.points[7].rate);
}

TEST_F(history, minutes_and_hours_are_rolled_up_and_survive_a_restart) {
  watch(begin, begin + 2 * 3600);
  reopen();
  const auto minutes = read(begin, begin + 2 * 3600 - 1, 60);
  EXPECT_EQ(minutes.points.size(), 120u);
  EXPECT_EQ(minutes.points[1].value, 55);
  EXPECT_DOUBLE_EQ(minutes.points[1].rate.value_or(0), 0.5);
  const auto hours = read(begin, begin + 2 * 3600 - 1, 3600);
  ASSERT_EQ(hours.points.size(), 2u);
  EXPECT_EQ(hours.points[1].value, 3595);
  EXPECT_EQ(read(begin, begin + 2 * 3600 - 1, 300).points.size(), 24u);
}

TEST_F(history, reading_writes_nothing_and_has_the_running_minute_and_hour) {
  watch(begin, begin + 130);
  const test::watched_database other{folder.file("history.sqlite")};
  const auto minutes = read(begin, begin + 179, 60);
  ASSERT_EQ(minutes.points.size(), 3u);
  EXPECT_EQ(minutes.points[1].value, 55);
  EXPECT_EQ(minutes.points[2].value, 60);
  EXPECT_EQ(read(begin, begin + 179, 60, "metrics:idle:x").points.size(), 3u);
  const auto hours = read(begin, begin + 3599, 3600);
  ASSERT_EQ(hours.points.size(), 1u);
  EXPECT_EQ(hours.points[0].value, 60);
  EXPECT_EQ(file->per_day("metrics:a:b", 1, begin + 130).front(), 60);
  EXPECT_FALSE(other.changed());
  ASSERT_TRUE(file->record(begin + 130, {{"metrics:a:b", 65}}));
  EXPECT_TRUE(other.changed());
}

TEST_F(history, what_is_written_at_the_turn_of_a_minute_is_what_was_read_before) {
  watch(begin, begin + 130);
  ASSERT_TRUE(file->record(begin + 130, {{"metrics:a:b", 65}})); // the other one ends
  const auto before = read(begin, begin + 179, 60);
  const auto ended = read(begin, begin + 179, 60, "metrics:idle:x");
  EXPECT_EQ(ended.points.size(), 2u);
  reopen(); // writes the minute
  const auto after = read(begin, begin + 179, 60);
  ASSERT_EQ(after.points.size(), before.points.size());
  for (std::size_t i = 0; i < after.points.size(); ++i)
    EXPECT_EQ(after.points[i].value, before.points[i].value) << i;
  EXPECT_EQ(read(begin, begin + 179, 60, "metrics:idle:x").points.size(), ended.points.size());
}

TEST_F(history, a_minute_whose_changes_were_lost_is_a_gap) {
  watch(begin, begin + 130);
  fail_to_record(begin + 130, {{"metrics:a:b", 70}});
  ASSERT_TRUE(file->record(begin + 180, {{"metrics:a:b", 90}}));
  const auto minutes = read(begin, begin + 239, 60);
  ASSERT_EQ(minutes.points.size(), 3u);
  EXPECT_EQ(minutes.points[1].at, begin + 60);
  EXPECT_EQ(minutes.points[2].at, begin + 180);
  EXPECT_EQ(minutes.points[2].value, 90);
}

TEST_F(history, a_range_older_than_the_fine_points_is_told_from_coarser_ones) {
  limits.fine = std::chrono::seconds{600};
  reopen();
  watch(begin, begin + 3600);
  file->roll_up();
  file->prune(begin + 3600);
  EXPECT_EQ(read(begin + 3100, begin + 3599).step, 10);
  const auto line = read(begin, begin + 3599, 10);
  EXPECT_EQ(line.step, 60);
  EXPECT_EQ(line.points.size(), 60u);
}

TEST_F(history, an_idle_counter_outlives_the_pruning_of_the_row_that_told_it) {
  limits.fine = std::chrono::seconds{600};
  reopen();
  watch(begin, begin + 3600);
  file->prune(begin + 3600);
  EXPECT_EQ(read(begin + 3100, begin + 3599, 10, "metrics:idle:x").points.front().value, 7);
}

TEST_F(history, a_counter_that_is_gone_ends_and_is_forgotten_after_all_limits) {
  watch(begin, begin + 60);
  reopen();
  ASSERT_TRUE(file->record(begin + 60, {{"metrics:idle:x", 7}}));
  EXPECT_EQ(read(begin, begin + 69).points.size(), 6u);
  EXPECT_EQ(file->series(), 2u);
  file->prune(begin + 60 + limits.hours.count() + 7200);
  EXPECT_EQ(file->series(), 1u);
}

TEST_F(history, a_file_that_grows_too_large_loses_its_oldest_fine_points) {
  limits.bytes_max = 200'000;
  reopen();
  for (auto now = begin; now < begin + 24 * 3600; now += 10) {
    counter_values values;
    for (int i = 0; i < 5; ++i)
      values.emplace_back("metrics:many:" + std::to_string(i), now + i);
    ASSERT_TRUE(file->record(now, values));
    if (now % 600 == 0)
      file->prune(now);
  }
  file->prune(begin + 24 * 3600);
  EXPECT_LE(file->bytes(), limits.bytes_max);
  EXPECT_EQ(read(begin, begin + 24 * 3600 - 1, 3600, "metrics:many:1").points.size(), 24u);
}

TEST_F(history, hours_are_dropped_too_where_they_alone_are_too_large_but_for_a_month) {
  limits.fine = limits.minutes = {};
  limits.bytes_max = 150'000;
  reopen();
  constexpr std::int64_t hour = 3600;
  constexpr std::int64_t end = begin + 200 * 24 * hour;
  for (auto now = begin; now < end; now += hour)
    ASSERT_TRUE(file->record(now, {{"a", now}, {"b", now + 1}, {"c", now + 2}}));
  file->roll_up();
  ASSERT_GT(file->bytes(), limits.bytes_max);
  file->prune(end);
  EXPECT_LE(file->bytes(), limits.bytes_max);
  EXPECT_EQ(read(end - 31 * 24 * hour, end - 1, {}, "b").points.size(), 31u * 24);
}

TEST_F(history, counters_of_a_record_that_failed_share_no_line_with_later_ones) {
  for (const auto* how : {"ABORT", "ROLLBACK"}) {
    const std::string lost = std::string{"lost by "} + how;
    const std::string later = std::string{"later than "} + how;
    ASSERT_TRUE(file->record(begin, {{"a", 1}}));
    fail_to_record(begin + 10, {{"a", 2}, {lost, 100}}, how);
    ASSERT_TRUE(file->record(begin + 20, {{"a", 3}, {later, 7}}));
    ASSERT_TRUE(file->record(begin + 30, {{"a", 3}, {later, 7}, {lost, 100}}));
    EXPECT_EQ(file->last_error(), "");
    const auto line = read(begin, begin + 39, 10, later);
    ASSERT_EQ(line.points.size(), 2u);
    EXPECT_EQ(line.points.back().value, 7);
    EXPECT_EQ(read(begin, begin + 39, 10, lost).points.size(), 1u);
    EXPECT_EQ(read(begin, begin + 39, 10, "a").points.back().value, 3);
  }
}

TEST_F(history, a_counter_that_ended_in_a_record_that_failed_ends_with_the_next) {
  ASSERT_TRUE(file->record(begin, {{"a", 1}, {"gone", 5}}));
  fail_to_record(begin + 10, {{"a", 2}});
  ASSERT_TRUE(file->record(begin + 20, {{"a", 3}}));
  EXPECT_EQ(read(begin, begin + 29, 10, "gone").points.size(), 1u);
}

TEST_F(history, a_pruning_that_failed_has_changed_nothing) {
  watch(begin, begin + 60);
  reopen();
  ASSERT_TRUE(file->record(begin + 60, {{"metrics:idle:x", 7}}));
  ASSERT_TRUE(test::execute(folder.file("history.sqlite"),
                            "CREATE TRIGGER full BEFORE DELETE ON series BEGIN SELECT RAISE(ABORT, 'no room'); END"));
  file->prune(begin + 60 + limits.hours.count() + 7200);
  EXPECT_EQ(file->series(), 2u);
  EXPECT_EQ(read(begin, begin + 69).points.size(), 6u);
}

TEST_F(history, a_counter_that_another_process_forgot_gets_a_number_of_its_own) {
  ASSERT_TRUE(file->record(begin, {{"a", 1}, {"z", 2}}));
  ASSERT_TRUE(test::execute(folder.file("history.sqlite"),
                            "DELETE FROM point WHERE series=(SELECT id FROM series WHERE key='z');"
                            "DELETE FROM series WHERE key='z'"));
  ASSERT_TRUE(open()->record(begin + 10, {{"a", 1}, {"b", 50}}));
  ASSERT_TRUE(file->record(begin + 20, {{"a", 1}, {"b", 50}, {"z", 3}}));
  EXPECT_EQ(read(begin, begin + 29, 10, "b").points.back().value, 50);
  file->prune(begin + 20);
  ASSERT_TRUE(file->record(begin + 30, {{"a", 1}, {"b", 50}, {"z", 4}}));
  EXPECT_EQ(read(begin, begin + 39, 10, "b").points.back().value, 50);
  reopen();
  EXPECT_EQ(read(begin, begin + 39, 10, "z").points.back().value, 4);
}

TEST_F(history, what_no_resolution_reaches_is_told_from_the_one_that_is_kept_longest) {
  limits.minutes = limits.hours = {};
  reopen();
  watch(begin, begin + 60);
  const auto now = begin + 60;
  EXPECT_EQ(read(now - 30 * 3600, now, {}, "metrics:a:b", now).points.size(), 6u);
  EXPECT_EQ(read(now - 300 * 24 * 3600, now, {}, "metrics:a:b", now).points.size(), 1u);
}

TEST_F(history, counters_beyond_the_limit_are_left_out_and_told) {
  limits.series_max = 2;
  reopen();
  ASSERT_TRUE(file->record(begin, {{"a", 1}, {"b", 1}, {"c", 1}}));
  EXPECT_EQ(file->series(), 2u);
  EXPECT_EQ(file->left_out(), 1u);
}

TEST_F(history, nonsense_is_refused_with_a_reason_and_an_unknown_counter_has_no_points) {
  EXPECT_FALSE(file->read("metrics:a:b", {10, 5, {}}, 10));
  EXPECT_FALSE(file->read("metrics:a:b", {5, 10, 0}, 10));
  EXPECT_FALSE(file->read("metrics:a:b", {0, begin, 10}, begin));
  EXPECT_TRUE(read(begin, begin + 60, {}, "metrics:never:seen").points.empty());
  EXPECT_FALSE(read(begin, begin + 60, {}, "metrics:never:seen").known);
  watch(begin, begin + 10);
  EXPECT_TRUE(read(begin + 600, begin + 700, {}, "metrics:a:b").known);
}

TEST_F(history, a_file_that_cannot_be_read_is_told_and_is_no_gap) {
  watch(begin, begin + 20);
  ASSERT_TRUE(test::execute(folder.file("history.sqlite"), "DROP TABLE seen"));
  const auto line = file->read("metrics:a:b", {begin, begin + 20, {}}, begin + 20);
  ASSERT_FALSE(line);
  EXPECT_TRUE(line.error().file_failed);
  EXPECT_NE(line.error().why.find("cannot be read"), std::string::npos) << line.error().why;
  EXPECT_FALSE(file->read("metrics:a:b", {10, 5, {}}, 10).error().file_failed);
}

TEST_F(history, ranges_at_the_end_of_all_numbers_are_refused) {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  watch(begin, begin + 20);
  file->roll_up();
  EXPECT_FALSE(file->read("metrics:a:b", {lowest, highest, {}}, begin));
  EXPECT_FALSE(file->read("metrics:a:b", {lowest, begin, {}}, begin));
  EXPECT_FALSE(file->read("metrics:a:b", {begin, highest, {}}, begin));
  EXPECT_FALSE(file->read("metrics:a:b", {begin, begin + 20, highest}, begin));
  EXPECT_FALSE(file->read("metrics:a:b", {begin, begin + 20, lowest}, begin));
  const auto widest = file->read("metrics:a:b", {-history_file::moment_max, history_file::moment_max, {}}, begin);
  ASSERT_TRUE(widest);
  EXPECT_EQ(widest->points.size(), 1u);
  EXPECT_TRUE(file->read("metrics:a:b", {begin, begin + 20, history_file::step_max}, begin));
}

TEST_F(history, a_damaged_file_is_kept_aside_and_a_new_one_begun) {
  file.reset();
  std::ofstream{folder.file("history.sqlite"), std::ios::trunc} << std::string(5000, 'x');
  const test::captured_log log;
  file = open();
  EXPECT_EQ(log.warnings("database was damaged and begins anew file=\"" + folder.file("history.sqlite") + '"'), 1);
  EXPECT_EQ(log.warnings("store"), 0);
  watch(begin, begin + 20);
  EXPECT_EQ(read(begin, begin + 19).points.size(), 2u);
}

} // namespace

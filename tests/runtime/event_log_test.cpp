#include "runtime/event_log.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "runtime/duration_histogram.hpp"
#include "runtime/utf8.hpp"
#include "tests/support/runtime_captured_log.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

wall_time at(int seconds) { return wall_time{std::chrono::seconds{seconds}}; }

TEST(event_log, tells_the_newest_first) {
  event_log log;
  log.note(event_kind::stale, "spot", "older than its TTL", at(1));
  log.note(event_kind::fresh, "spot", "public_api", at(2));
  const auto told = log.newest();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].kind, event_kind::fresh);
  EXPECT_EQ(told[0].number, 2u);
  EXPECT_EQ(told[1].subject, "spot");
  EXPECT_EQ(log.newest(1).size(), 1u);
}

TEST(event_log, what_no_other_line_tells_is_in_the_log_once) {
  test::captured_log lines;
  event_log log;
  log.note(event_kind::fresh, "spot", "20 symbols from public_api", at(1));
  for (int i = 0; i < 3; ++i)
    log.note(event_kind::stale, "spot", "older than its \"TTL\"", at(2));
  log.note(event_kind::restart, "spot", "has a line of its own", at(3));
  EXPECT_EQ(lines.count(spdlog::level::info, "fresh subject=spot detail=\"20 symbols from public_api\""), 1);
  EXPECT_EQ(lines.warnings("stale subject=spot detail=\"older than its \\\"TTL\\\"\""), 1);
  EXPECT_EQ(lines.warnings(), 1);
}

TEST(event_log, text_is_cut_between_characters_and_printable) {
  event_log log;
  std::string long_text;
  while (long_text.size() < 2 * event_log::event_text_max)
    long_text += "\xE5\xB8\x81";
  log.note(event_kind::gate_refusal, "spot", long_text, at(1));
  log.note(event_kind::gate_refusal, "futures", "a\xff\x1b", at(2));
  const auto told = log.newest();
  EXPECT_LE(told[1].detail.size(), event_log::event_text_max);
  EXPECT_TRUE(is_clean_utf8(told[1].detail));
  EXPECT_EQ(told[0].detail, "a\\xff\\x1b");
}

TEST(event_log, what_repeats_is_one_event_with_a_count) {
  event_log log;
  for (int i = 0; i < 10'000; ++i) {
    log.note(event_kind::gate_refusal, "spot", "empty", at(i));
    log.note(event_kind::embargo, "futures", "HTTP 418", at(i));
  }
  const auto told = log.newest();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].count, 10'000u);
  EXPECT_EQ(told[1].first, at(0));
  EXPECT_EQ(told[1].last, at(9'999));
  EXPECT_EQ(log.totals()[static_cast<std::size_t>(event_kind::embargo)], 10'000u);
}

TEST(event_log, something_else_about_the_subject_ends_a_repetition) {
  event_log log;
  log.note(event_kind::link_down, "redis", "refused", at(1));
  log.note(event_kind::link_up, "redis", "", at(2));
  log.note(event_kind::link_down, "redis", "refused", at(3));
  EXPECT_EQ(log.newest().size(), 3u);
}

TEST(event_log, keeps_the_last_thousand_and_no_long_texts) {
  event_log log;
  for (int i = 0; i < 1500; ++i)
    log.note(event_kind::restart, "spot", std::to_string(i) + std::string(1000, 'x'), at(i));
  const auto told = log.newest();
  ASSERT_EQ(told.size(), event_log::events_max);
  EXPECT_EQ(told.back().first, at(500));
  EXPECT_EQ(told.back().detail.size(), event_log::event_text_max);
}

TEST(event_log, loses_nothing_between_threads) {
  event_log log;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 1000; ++i)
        log.note(event_kind::restart, std::to_string(t), std::to_string(i), at(i));
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(log.newest().size(), event_log::events_max);
  EXPECT_EQ(log.totals()[static_cast<std::size_t>(event_kind::restart)], 4000u);
}

TEST(duration_histogram, puts_a_duration_into_the_first_bound_that_holds_it) {
  duration_histogram taken;
  taken.observe(100us);
  taken.observe(101us);
  taken.observe(1h);
  const auto counts = taken.read();
  EXPECT_EQ(counts[0], 1u);
  EXPECT_EQ(counts[1], 1u);
  EXPECT_EQ(counts.back(), 1u);
  EXPECT_NEAR(taken.sum_seconds(), 3600.000201, 1e-6);
}

} // namespace

#include "runtime/counter_ledger.hpp"

#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/runtime_captured_log.hpp"

namespace holdfast {
namespace {

std::uint64_t added(const counter_ledger& ledger, std::uint32_t row) { return ledger.file().sums(row).added; }

TEST(counter_ledger, counters_of_one_name_are_one_counter) {
  const auto ledger = counter_ledger::anonymous(16);
  ledger->handle("metrics:a:b").incr(2);
  ledger->handle("metrics:a:b").incr();
  ASSERT_EQ(ledger->file().row_count(), 1u);
  EXPECT_EQ(added(*ledger, 0), 3u);
}

TEST(counter_ledger, threads_that_register_and_count_at_once_lose_nothing) {
  const auto ledger = counter_ledger::anonymous(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i)
        ledger->add("metrics:race:" + std::to_string(i % 40), 1);
    });
  for (auto& thread : threads)
    thread.join();
  ASSERT_EQ(ledger->file().row_count(), 40u);
  for (std::uint32_t row = 0; row < 40; ++row)
    EXPECT_EQ(added(*ledger, row), 4'000u) << ledger->file().key(row);
}

TEST(counter_ledger, what_comes_after_the_capacity_is_counted_in_the_overflow) {
  const auto ledger = counter_ledger::anonymous(2);
  for (const auto* key : {"a", "b", "c", "d"})
    ledger->add(key, 1);
  ledger->add("a", 1);
  EXPECT_EQ(ledger->file().row_count(), 2u);
  EXPECT_EQ(added(*ledger, 0), 2u);
  EXPECT_EQ(ledger->overflow(), 2u);
}

TEST(counter_ledger, a_million_names_leave_the_known_counters_working) {
  const auto ledger = counter_ledger::anonymous(4096);
  const auto known = ledger->handle("metrics:orders:sent");
  for (int i = 0; i < 1'000'000; ++i)
    ledger->add("metrics:flood:" + std::to_string(i), 1);
  known.incr();
  ledger->add("metrics:orders:sent", 1);
  EXPECT_EQ(ledger->file().row_count(), 4096u - 256u + 1u);
  EXPECT_EQ(added(*ledger, 0), 2u);
  EXPECT_EQ(ledger->overflow(), 1'000'000u - 3840u);
}

TEST(counter_ledger, a_flood_of_one_type_leaves_rows_to_the_others) {
  const auto ledger = counter_ledger::anonymous(512);
  EXPECT_EQ(ledger->capped_type(), "");
  for (int i = 0; i < 600; ++i)
    ledger->add("metrics:flood:" + std::to_string(i), 1);
  EXPECT_EQ(ledger->capped_type(), "flood");
  EXPECT_EQ(ledger->file().row_count(), 480u);
  ledger->add("metrics:orders:sent", 1);
  ledger->add("plain", 1);
  ledger->add("metrics:flood:7", 1);
  EXPECT_EQ(ledger->file().row_count(), 482u);
  EXPECT_EQ(ledger->overflow(), 120u);
}

TEST(counter_ledger, the_log_may_count_on_a_thread_of_its_own_while_a_flood_is_told) {
  const auto ledger = counter_ledger::anonymous(256);
  test::captured_log log;
  std::future<void> counted;
  bool in_time = false;
  log.when_logged([&] {
    counted = std::async(std::launch::async, [&] { ledger->add("plain", 1); });
    in_time = counted.wait_for(std::chrono::seconds{5}) == std::future_status::ready;
  });
  for (int i = 0; i < 241; ++i)
    ledger->add("metrics:flood:" + std::to_string(i), 1);
  EXPECT_EQ(ledger->capped_type(), "flood");
  EXPECT_EQ(log.warnings("type=flood"), 1);
  EXPECT_TRUE(in_time);
}

TEST(counter_ledger, unusable_keys_are_counted_in_the_overflow) {
  const auto ledger = counter_ledger::anonymous(16);
  const std::string nul{"a\0b", 3};
  test::captured_log log;
  for (const auto& key : {std::string{}, std::string{"a b"}, std::string{"a{b}"}, std::string{"a\n"}, nul, std::string(201, 'x'),
                          std::string{"metrics:orders"}, std::string{"metrics:orders:"}, std::string{"metrics::sent"},
                          std::string{"metrics:orders:sent\n"}, std::string{"metrics:orders:{sent}"},
                          std::string{"holdfast:epoch"}, std::string{"cache:symbols:spot:v1"}})
    ledger->handle(key).incr();
  EXPECT_EQ(ledger->file().row_count(), 0u);
  EXPECT_EQ(ledger->overflow(), 13u);
  EXPECT_EQ(log.warnings(), 1);
}

TEST(counter_ledger, both_directions_are_counted_apart) {
  const auto ledger = counter_ledger::anonymous(4);
  const auto handle = ledger->handle("a");
  handle.incr(5);
  handle.decr(2);
  handle.add(-7);
  handle.add(INT64_MIN);
  EXPECT_EQ(ledger->file().sums(0), (ledger_sums{5, 9 + (std::uint64_t{1} << 63)}));
}

TEST(counter_ledger, handles_outlive_their_ledger_and_never_count_in_a_later_one) {
  auto ledger = counter_ledger::anonymous(4);
  const auto used_before = ledger->handle("a");
  const auto unused = ledger->handle("b");
  used_before.incr();
  ledger.reset();
  for (int i = 0; i < 20; ++i) {
    const auto later = counter_ledger::anonymous(4);
    later->add("a", 1);
    used_before.incr();
    unused.incr();
    counter{}.incr();
    EXPECT_EQ(added(*later, 0), 1u);
    EXPECT_EQ(later->overflow(), 0u);
  }
}

TEST(counter_ledger, more_ledgers_than_have_stripes_count_all_the_same) {
  std::vector<std::shared_ptr<counter_ledger>> ledgers;
  for (int i = 0; i < 20; ++i)
    ledgers.push_back(counter_ledger::anonymous(4));
  for (int round = 0; round < 3; ++round)
    for (auto& ledger : ledgers)
      ledger->add("a", 1);
  for (auto& ledger : ledgers)
    EXPECT_EQ(added(*ledger, 0), 3u);
}

TEST(counter_ledger, nothing_is_counted_after_the_stop) {
  const auto ledger = counter_ledger::anonymous(4);
  const auto handle = ledger->handle("a");
  handle.incr(3);
  ledger->stop_counting();
  handle.incr();
  std::thread{[&] { handle.incr(); }}.join();
  ledger->add("a", 1);
  ledger->add("new", 1);
  EXPECT_EQ(added(*ledger, 0), 3u);
  EXPECT_EQ(ledger->file().row_count(), 1u);
}

TEST(counter_ledger, a_folder_that_cannot_be_written_to_makes_it_anonymous) {
  const auto ledger = counter_ledger::open("/proc/nowhere", 16);
  EXPECT_FALSE(ledger->durable());
  EXPECT_NE(ledger->why_anonymous(), "");
  ledger->add("a", 1);
  EXPECT_EQ(added(*ledger, 0), 1u);
}

} // namespace
} // namespace holdfast

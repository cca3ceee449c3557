#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/counter_ledger.hpp"

namespace holdfast {
namespace {

TEST(ledger_stripes, threads_by_the_hundred_come_and_go_and_their_sums_stay) {
  const auto ledger = counter_ledger::anonymous(8, 4);
  const auto handle = ledger->handle("a");
  std::uint64_t expected = 0;
  for (int generation = 0; generation < 50; ++generation) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          handle.incr(2);
          handle.decr();
        }
      });
    for (auto& thread : threads)
      thread.join();
    expected += 8 * 500;
    EXPECT_EQ(ledger->file().sums(0), (ledger_sums{2 * expected, expected}));
  }
}

TEST(ledger_stripes, more_threads_than_stripes_share_without_loss) {
  const auto ledger = counter_ledger::anonymous(8, 2);
  const auto handle = ledger->handle("a");
  std::barrier all_count{16};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      handle.incr();
      all_count.arrive_and_wait();
      for (int i = 0; i < 10'000; ++i)
        handle.incr();
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(ledger->file().sums(0).added, 16u * 10'001u);
}

TEST(ledger_stripes, a_thread_that_was_refused_a_stripe_gets_one_once_there_is_one) {
  const auto ledger = counter_ledger::anonymous(8, 1);
  const auto handle = ledger->handle("a");
  std::barrier taken{2};
  std::thread holder{[&] {
    handle.incr();
    taken.arrive_and_wait();
    taken.arrive_and_wait();
  }};
  taken.arrive_and_wait();
  handle.incr();
  taken.arrive_and_wait();
  holder.join();
  for (int i = 0; i < 70'000; ++i)
    handle.incr();
  EXPECT_EQ(ledger->file().sums(0).added, 70'002u);
  const auto& mine = thread_stripes;
  EXPECT_TRUE(std::any_of(mine.begin(), mine.end(), [](const auto& stripe) { return stripe.cells != nullptr; }));
}

TEST(ledger_stripes, a_ledger_without_stripes_counts_atomically) {
  const auto ledger = counter_ledger::anonymous(8, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i)
        ledger->add("a", i % 2 == 0 ? 1 : -1);
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(ledger->file().sums(0), (ledger_sums{20'000, 20'000}));
}

TEST(ledger_stripes, a_reader_beside_writers_never_sees_a_sum_go_back) {
  const auto ledger = counter_ledger::anonymous(8, 3);
  const auto handle = ledger->handle("a");
  std::atomic<int> running{6};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 30'000; ++i)
        handle.incr();
      --running;
    });
  std::uint64_t before = 0;
  while (running.load() > 0) {
    const auto now = ledger->file().sums(0).added;
    EXPECT_GE(now, before);
    before = now;
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(ledger->file().sums(0).added, 180'000u);
}

TEST(ledger_stripes, a_stop_beside_counting_threads_is_harmless) {
  for (int round = 0; round < 20; ++round) {
    auto ledger = counter_ledger::anonymous(8, 2);
    const auto handle = ledger->handle("a");
    std::atomic<bool> enough{false};
    std::barrier begun{5};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        handle.incr();
        begun.arrive_and_wait();
        while (!enough.load(std::memory_order_relaxed))
          handle.incr();
      });
    begun.arrive_and_wait();
    ledger->stop_counting();
    const auto at_stop = ledger->file().sums(0);
    EXPECT_GE(at_stop.added, 4u);
    const auto next = counter_ledger::anonymous(8, 2);
    next->add("b", 1);
    EXPECT_EQ(ledger->file().sums(0), at_stop);
    ledger.reset();
    enough = true;
    for (auto& thread : threads)
      thread.join();
    EXPECT_EQ(next->file().sums(0).added, 1u);
  }
}

struct counts_when_destroyed {
  counter handle;
  ~counts_when_destroyed() { handle.incr(); }
};
thread_local counts_when_destroyed constructed_first;

TEST(ledger_stripes, counting_while_a_thread_ends_is_safe_and_counted) {
  const auto ledger = counter_ledger::anonymous(8, 4);
  const auto handle = ledger->handle("a");
  for (int i = 0; i < 10; ++i)
    std::thread{[&] {
      constructed_first.handle = handle; // destroyed after the ledger's own end of thread
      handle.incr();
    }}.join();
  EXPECT_EQ(ledger->file().sums(0).added, 20u);
}

} // namespace
} // namespace holdfast

#include "runtime/task_board.hpp"

#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "runtime/counter_ledger.hpp"
#include "tests/support/runtime_manual_clock.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct task_test : ::testing::Test {
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
  std::shared_ptr<counter_ledger> ledger = counter_ledger::anonymous(64);
  task_board board{clock};

  task find(const std::string& name) {
    return board.find_or_add(name, [&](std::string_view) {
      return task_counters{ledger->handle("metrics:" + name + ":success"), ledger->handle("metrics:" + name + ":error")};
    });
  }
  std::uint64_t counted(std::string_view key) const {
    for (std::uint32_t row = 0; row < ledger->file().row_count(); ++row)
      if (ledger->file().key(row) == key)
        return ledger->file().sums(row).added;
    return 0;
  }
  std::uint64_t successes() const { return counted("metrics:a:success"); }
  std::uint64_t errors() const { return counted("metrics:a:error"); }
};

TEST_F(task_test, the_end_of_the_scope_is_a_success) {
  {
    const auto run = find("a").begin();
    EXPECT_EQ(find("a").read().running, 1u);
    clock->advance(30ms);
  }
  const auto told = find("a").read();
  EXPECT_EQ(successes(), 1u);
  EXPECT_EQ(errors(), 0u);
  EXPECT_EQ(told.successes, 1u);
  EXPECT_EQ(told.running, 0u);
  EXPECT_EQ(told.success_rate, 1.0);
  EXPECT_EQ(told.last_success, clock->wall_now());
  EXPECT_EQ(told.last_run, clock->wall_now());
}

TEST_F(task_test, an_exception_that_leaves_the_scope_is_an_error) {
  try {
    const auto run = find("a").begin();
    throw std::runtime_error{"no"};
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(errors(), 1u);
  EXPECT_EQ(find("a").read().last_error, "an exception left the run");
  EXPECT_EQ(find("a").read().last_success, std::nullopt);
}

TEST_F(task_test, a_run_inside_a_destructor_of_an_unwinding_scope_is_judged_by_its_own_scope) {
  struct cleanup {
    task of;
    ~cleanup() { const auto run = of.begin(); }
  };
  try {
    const cleanup one{find("a")};
    throw std::runtime_error{"no"};
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(successes(), 1u);
  EXPECT_EQ(errors(), 0u);
}

TEST_F(task_test, the_first_word_counts_and_only_that) {
  {
    auto run = find("a").begin();
    run.fail("the exchange knows 3 orders more");
    run.succeed();
    run.fail("again");
    EXPECT_FALSE(run.open());
  }
  EXPECT_EQ(errors(), 1u);
  EXPECT_EQ(successes(), 0u);
  EXPECT_EQ(find("a").read().last_error, "the exchange knows 3 orders more");
}

TEST_F(task_test, a_dropped_run_counts_nothing) {
  find("a").begin().drop();
  const auto told = find("a").read();
  EXPECT_EQ(told.successes + told.errors + told.running, 0u);
  EXPECT_EQ(told.last_run, std::nullopt);
  EXPECT_EQ(told.success_rate, std::nullopt);
}

TEST_F(task_test, a_run_that_must_tell_is_an_error_in_silence) {
  {
    auto run = find("a").begin();
    run.must_tell();
    auto handed_on = std::move(run);
  }
  EXPECT_EQ(errors(), 1u);
  EXPECT_NE(find("a").read().last_error.find("abandoned"), std::string::npos);
}

TEST_F(task_test, a_run_moves_and_counts_once) {
  auto run = find("a").begin();
  auto moved = std::move(run);
  run = find("a").begin();
  run = std::move(moved); // ends the second one
  EXPECT_EQ(successes(), 1u);
  std::thread{[taken = std::move(run)]() mutable { taken.succeed(); }}.join();
  EXPECT_EQ(successes(), 2u);
  EXPECT_EQ(find("a").read().running, 0u);
}

TEST_F(task_test, the_rate_is_that_of_the_last_64_runs) {
  for (int i = 0; i < 100; ++i)
    find("a").begin().fail("no");
  for (int i = 0; i < 48; ++i)
    find("a").begin().succeed();
  EXPECT_EQ(find("a").read().success_rate, 0.75);
}

TEST_F(task_test, durations_go_into_the_histogram) {
  auto run = find("a").begin();
  clock->advance(30ms);
  run.succeed();
  board.for_each([](const task_account& one) {
    EXPECT_EQ(one.durations().read()[8], 1u); // up to 50 ms
    EXPECT_DOUBLE_EQ(one.durations().sum_seconds(), 0.03);
  });
}

TEST_F(task_test, the_last_error_is_bounded_printable_and_without_secrets) {
  find("a").begin().fail("redis://user:hunter2@host:6379 refused\n token=abc" + std::string(10'000, 'x'));
  const auto told = find("a").read().last_error;
  EXPECT_LE(told.size(), 200u);
  EXPECT_EQ(told.find("hunter2"), std::string::npos);
  EXPECT_EQ(told.find("abc"), std::string::npos);
  EXPECT_EQ(told.find('\n'), std::string::npos);
  EXPECT_NE(told.find("redis://***@host:6379"), std::string::npos);
}

TEST_F(task_test, time_since_the_last_success_goes_with_the_boot_clock) {
  clock->advance(10s);
  const auto one = find("a");
  clock->advance(5s);
  EXPECT_EQ(one.read().since_success, 5s);
  one.begin().succeed();
  clock->advance(7s);
  clock->step_wall(1h);
  one.begin().fail("no");
  EXPECT_EQ(one.read().since_success, 7s);
}

TEST_F(task_test, what_others_told_is_taken_where_it_is_newer_and_possible) {
  const auto one = find("a");
  const auto now = clock->wall_now();
  board.learn("a", now - 20s, now - 30s);
  EXPECT_EQ(one.read().last_run, now - 20s);
  EXPECT_EQ(one.read().last_success, now - 30s);
  EXPECT_EQ(one.read().since_success, 30s);
  board.learn("a", now - 40s, now - 40s);
  board.learn("a", now + 1h, now + 1h);
  board.learn("nobody", now, now);
  EXPECT_EQ(one.read().last_success, now - 30s);
}

TEST_F(task_test, tasks_past_the_limit_share_one_account) {
  for (std::size_t i = 0; i < task_board::tasks_max + 50; ++i)
    board.find_or_add("t" + std::to_string(i), [](std::string_view) { return task_counters{}; }).begin().succeed();
  EXPECT_EQ(board.read().size(), task_board::tasks_max);
  EXPECT_EQ(board.left_out(), 50u);
}

TEST_F(task_test, many_threads_end_runs_of_one_task) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i)
        find("task_" + std::to_string(i % 20)).begin().succeed();
    });
  for (auto& one : threads)
    one.join();
  std::uint64_t sum = 0;
  for (const auto& one : board.read())
    sum += one.successes;
  EXPECT_EQ(board.read().size(), 20u);
  EXPECT_EQ(sum, 8000u);
}

TEST(task, one_without_an_account_counts_for_nobody) {
  auto run = task{}.begin();
  run.fail("no");
  task{}.expect_every(1s);
  EXPECT_FALSE(run.open());
  EXPECT_EQ(task{}.read().errors, 0u);
}

TEST(task, a_handle_and_a_run_outlive_the_board) {
  task kept;
  task_run run;
  {
    task_board board;
    kept = board.find_or_add("a", [](std::string_view) { return task_counters{}; });
    run = kept.begin();
  }
  run.succeed();
  kept.begin().succeed();
  EXPECT_EQ(kept.read().successes, 2u);
}

} // namespace
} // namespace holdfast

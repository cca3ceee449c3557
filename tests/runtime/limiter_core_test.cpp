#include "runtime/limiter_core.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/counter_ledger.hpp"
#include "runtime/limiter_registry.hpp"
#include "tests/support/runtime_manual_clock.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct fixture : ::testing::Test {
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
  std::shared_ptr<counter_ledger> ledger = counter_ledger::anonymous(64, 2);
  limiter_registry registry{clock, [this](const std::string& action) {
                              const auto handle = [&](const char* ending) { return ledger->handle("metrics:rate_limit:" + action + ending); };
                              return limiter_counters{handle("_allowed"), handle("_refused"), handle("_near"), handle("_shadow"),
                                                      handle("_blind")};
                            }};

  limiter_core_ptr core(std::int64_t limit, std::chrono::nanoseconds window, const limiter_options& options = {}) {
    return registry.find(*check_rate_limit("rate_limit:a:b", limit, window, options));
  }
  static limiter_options leased(std::int64_t share = 0, std::chrono::nanoseconds length = 0ns) {
    limiter_options options;
    options.mode = rate_mode::leased;
    options.lease_share = share;
    options.lease_for = length;
    return options;
  }
  std::int64_t counted(const std::string& ending) {
    const auto& file = ledger->file();
    for (std::uint32_t row = 0; row < file.row_count(); ++row)
      if (file.key(row) == "metrics:rate_limit:b" + ending)
        return static_cast<std::int64_t>(file.sums(row).added);
    return 0;
  }
};
using limiter_core_test = fixture;

TEST_F(limiter_core_test, asks_the_store_for_exact_decisions_and_remembers_when_it_refuses_everything) {
  const auto limit = core(10, 1s);
  EXPECT_FALSE(limit->decide_here(1));
  limit->settle({false, 0, 0, 500'000}, 1, clock->boot_now());
  ASSERT_TRUE(limit->decide_here(1));
  EXPECT_FALSE(limit->decide_here(3)->decision.allowed);
  clock->advance(499'999us);
  EXPECT_EQ(limit->decide_here(1)->decision.retry_after, 1us);
  clock->advance(1us);
  EXPECT_FALSE(limit->decide_here(1));
  EXPECT_EQ(counted("_refused"), 4);
}

TEST_F(limiter_core_test, refuses_more_than_the_limit_without_asking) {
  const auto decision = core(10, 1s)->decide_here(11)->decision;
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.retry_after, std::chrono::nanoseconds::max());
}

TEST_F(limiter_core_test, decides_by_a_lease_until_it_is_used_up_or_ends) {
  const auto limit = core(80, 16s, leased(10, 1s));
  limit->take_lease(5, 5, {true, 5, 75, 0}, clock->boot_now());
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(limit->decide_here(1)->decision.allowed);
  EXPECT_FALSE(limit->decide_here(1));
  limit->take_lease(5, 5, {true, 5, 70, 0}, clock->boot_now());
  clock->advance(1s - coarse_lag_max - 1ms);
  EXPECT_TRUE(limit->decide_here(1));
  clock->advance(1ms);
  EXPECT_FALSE(limit->decide_here(1));
}

TEST_F(limiter_core_test, measures_a_lease_from_before_the_store_was_asked) {
  const auto limit = core(80, 16s, leased(10, 1s));
  const auto asked_at = clock->boot_now();
  clock->advance(2s);
  limit->take_lease(5, 5, {true, 5, 75, 0}, asked_at);
  EXPECT_FALSE(limit->decide_here(1));
}

TEST_F(limiter_core_test, asks_once_for_the_next_lease_when_one_runs_low) {
  const auto limit = core(80, 16s, leased(10, 1s));
  limit->take_lease(4, 4, {true, 4, 70, 0}, clock->boot_now());
  int asked = 0;
  for (int i = 0; i < 4; ++i)
    asked += limit->decide_here(1)->renew ? 1 : 0;
  EXPECT_EQ(asked, 1);
  limit->take_lease(4, 4, {true, 4, 60, 0}, clock->boot_now());
  clock->advance(800ms);
  EXPECT_TRUE(limit->decide_here(1)->renew);
}

TEST_F(limiter_core_test, asks_for_as_much_as_is_used_and_never_for_more_than_its_share) {
  const auto limit = core(800, 16s, leased(100, 1s));
  EXPECT_EQ(limit->request_for({}, true).amounts.front(), 25u);
  limit->take_lease(25, 25, {true, 25, 775, 0}, clock->boot_now());
  EXPECT_EQ(limit->request_for({}, true).amounts.front(), 1u);
  for (int i = 0; i < 20; ++i)
    limit->decide_here(1);
  EXPECT_EQ(limit->request_for({}, true).amounts.front(), 40u);
  EXPECT_EQ(limit->request_for({90}, true).amounts.front(), 90u);
  EXPECT_EQ(limit->request_for({}, true).least, 1);
  EXPECT_EQ(limit->request_for({90, 0, 50}, false).least, 50);
  EXPECT_EQ(limit->request_for({90, 50}, true).least, 1);
  EXPECT_EQ(limit->request_for({}, true).hold_us, 1'000'000);
}

// Many processes with a store of their own time: every permit that is really used is noted when it is used.
TEST_F(limiter_core_test, never_admits_too_much_with_leases_over_any_window_and_is_under_by_no_more_than_it_says) {
  constexpr std::int64_t window_us = 1'000'000;
  constexpr std::int64_t limit = 100;
  std::mt19937_64 random{3};
  std::vector<limiter_core_ptr> processes;
  std::vector<std::unique_ptr<limiter_registry>> registries;
  for (int i = 0; i < 4; ++i) {
    registries.push_back(std::make_unique<limiter_registry>(clock, [](const std::string&) { return limiter_counters{}; }));
    processes.push_back(registries.back()->find(*check_rate_limit("rate_limit:a:b", limit, 1s, leased(10, 100ms))));
  }
  std::string store;
  std::deque<std::int64_t> used;
  std::int64_t total = 0;
  const auto began = clock->boot_now();
  const auto now_us = [&] { return clock->boot_now().time_since_epoch() / 1us; };
  const auto ask = [&](limiter_core& process) {
    const auto asked_at = clock->boot_now();
    clock->advance(std::chrono::microseconds{random() % 200});
    const auto verdict = decide(store, process.request_for({1}, false), 1'700'000'000'000'000 + now_us()).verdicts.front();
    clock->advance(std::chrono::microseconds{random() % 200});
    process.remember_refusal(verdict, asked_at);
    process.take_lease(verdict.granted, verdict.granted, verdict, asked_at);
  };
  for (int i = 0; i < 300'000; ++i) {
    clock->advance(std::chrono::microseconds{random() % 200});
    auto& process = *processes[random() % processes.size()];
    auto here = process.decide_here(1);
    if (!here) {
      ask(process);
      continue;
    }
    if (here->renew)
      ask(process);
    if (!here->decision.allowed)
      continue;
    ++total;
    used.push_back(now_us());
    while (used.front() <= used.back() - window_us)
      used.pop_front();
    ASSERT_LE(used.size(), std::size_t{limit});
  }
  // A permit is counted for the window and the lease; besides, at the end of each lease what is left of it lapses.
  const auto windows = static_cast<double>((clock->boot_now() - began) / 1us) / window_us;
  EXPECT_GE(static_cast<double>(total), limit * windows / 1.1 * 0.8);
}

TEST_F(limiter_core_test, hands_out_every_permit_of_a_lease_once_to_many_threads) {
  auto options = leased(1'000'000, 10s);
  const auto limit = std::make_shared<limiter_core>(*check_rate_limit("rate_limit:a:c", 10'000'000, 100s, options), system_clocks(),
                                                    limiter_counters{}, std::make_shared<std::atomic<std::int64_t>>(1),
                                                    std::make_shared<blind_record>(100'000'000));
  constexpr std::int64_t leases = 50;
  constexpr std::int64_t each = 2000;
  std::atomic<std::int64_t> admitted{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!over)
        if (limit->decide_here(1))
          ++admitted;
    });
  // The one who refills, and never replaces what is left.
  for (std::int64_t given = 0; given < leases; ++given) {
    limit->take_lease(each, each, {true, each, 0, 0}, boot_clock::now());
    while (limit->leased_left() > 0)
      std::this_thread::yield();
  }
  over = true;
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(admitted, leases * each);
}

TEST_F(limiter_core_test, admits_its_fair_share_while_the_store_is_away) {
  registry.set_processes(4);
  const auto limit = core(20, 1s);
  limit->settle({true, 2, 18, 0}, 2, clock->boot_now());
  int admitted = 0;
  for (int i = 0; i < 20; ++i)
    admitted += limit->decide_blind(1).allowed ? 1 : 0;
  EXPECT_EQ(admitted, 3); // of five, two were the store's
  EXPECT_EQ(limit->request_for({}, true).forced, 3);
  limit->blind_told(3);
  EXPECT_EQ(limit->request_for({}, true).forced, 0);
  clock->advance(1s);
  EXPECT_TRUE(limit->decide_blind(5).allowed);
  EXPECT_FALSE(limit->decide_blind(1).allowed);
  EXPECT_EQ(counted("_blind"), 22);
}

TEST_F(limiter_core_test, allows_or_refuses_everything_where_told_to_while_the_store_is_away) {
  limiter_options options;
  options.when_away = away_policy::open;
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(core(1, 1s, options)->decide_blind(1).allowed);
  options.when_away = away_policy::closed;
  EXPECT_FALSE(core(1, 1s, options)->decide_blind(1).allowed);
}

TEST_F(limiter_core_test, asks_a_store_that_failed_no_more_for_a_moment) {
  const auto limit = core(10, 1s);
  limit->store_failed();
  EXPECT_EQ(limit->decide_here(1)->decision.basis, rate_basis::blind);
  clock->advance(100ms);
  EXPECT_FALSE(limit->decide_here(1));
}

TEST_F(limiter_core_test, allows_and_counts_in_shadow_what_it_would_have_refused) {
  limiter_options options;
  options.shadow = true;
  const auto limit = core(10, 1s, options);
  EXPECT_TRUE(limit->settle({false, 0, 0, 500'000}, 1, clock->boot_now()).allowed);
  EXPECT_TRUE(limit->decide_here(11)->decision.allowed);
  EXPECT_EQ(counted("_shadow"), 2);
  EXPECT_EQ(counted("_refused"), 0);
}

TEST_F(limiter_core_test, counts_admissions_that_come_near_the_limit) {
  const auto limit = core(10, 1s);
  limit->settle({true, 1, 2, 0}, 1, clock->boot_now());
  EXPECT_EQ(counted("_near"), 0);
  limit->settle({true, 1, 1, 0}, 1, clock->boot_now());
  EXPECT_EQ(counted("_near"), 1);
  EXPECT_EQ(counted("_allowed"), 2);
}

TEST_F(limiter_core_test, counts_admissions_by_a_lease_that_come_near_the_limit) {
  const auto limit = core(100, 16s, leased(10, 1s));
  // The store had 6 left after these 10, so 84 were used before: the sixth is the 90th.
  limit->take_lease(10, 10, {true, 10, 6, 0}, clock->boot_now());
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(limit->decide_here(1)->decision.allowed);
  EXPECT_EQ(counted("_near"), 0);
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(limit->decide_here(1)->decision.allowed);
  EXPECT_EQ(counted("_near"), 5);
  std::int64_t granted = 2;
  limit->settle_leased(1, granted, {true, 2, 50, 0});
  EXPECT_EQ(counted("_near"), 5);
  limit->settle_leased(1, granted, {true, 1, 4, 0});
  EXPECT_EQ(counted("_near"), 6);
}

TEST_F(limiter_core_test, looks_without_taking_or_counting_anything) {
  const auto exact = core(10, 1s);
  EXPECT_TRUE(exact->settle({true, 0, 0, 0}, 0, clock->boot_now()).allowed);
  exact->decide_blind(0);
  const auto limit = core(100, 16s, leased(10, 1s));
  const auto look = limit->request_for({0, 0}, false);
  EXPECT_EQ(look.amounts, std::vector<std::uint32_t>{0});
  limit->take_lease(4, 4, {true, 4, 5, 0}, clock->boot_now());
  const auto here = limit->decide_here(0);
  ASSERT_TRUE(here);
  EXPECT_EQ(here->decision.remaining, 4);
  EXPECT_FALSE(here->renew);
  EXPECT_EQ(limit->leased_left(), 4);
  for (const auto* ending : {"_allowed", "_refused", "_near", "_shadow", "_blind"})
    EXPECT_EQ(counted(ending), 0) << ending;
}

TEST_F(limiter_core_test, does_not_take_a_refusal_of_many_for_one_of_all) {
  const auto limit = core(100, 16s, leased(10, 1s));
  limit->take_lease(0, 0, {false, 0, 3, 400'000}, clock->boot_now());
  EXPECT_FALSE(limit->decide_here(1));
  limit->remember_refusal({false, 0, 0, 400'000}, clock->boot_now());
  EXPECT_FALSE(limit->decide_here(1)->decision.allowed);
}

TEST_F(limiter_core_test, admits_the_whole_limit_blindly_before_it_has_heard_of_other_processes) {
  const auto limit = core(20, 1s);
  int admitted = 0;
  for (int i = 0; i < 40; ++i)
    admitted += limit->decide_blind(1).allowed ? 1 : 0;
  EXPECT_EQ(admitted, 20);
}

TEST_F(limiter_core_test, admits_one_share_without_the_store_under_one_key_whatever_the_options) {
  registry.set_processes(4);
  auto other = leased(5, 500ms);
  other.near_percent = 80;
  limiter_options smooth;
  smooth.algorithm = rate_algorithm::smooth;
  int admitted = 0;
  for (int i = 0; i < 60; ++i)
    admitted += core(20, 1s, i % 3 == 0 ? limiter_options{} : i % 3 == 1 ? other : smooth)->decide_blind(1).allowed ? 1 : 0;
  EXPECT_EQ(admitted, 5);
  EXPECT_EQ(core(20, 1s)->request_for({}, false).forced, 5);
  core(20, 1s, other)->store_failed();
  EXPECT_EQ(core(20, 1s)->decide_here(1)->decision.basis, rate_basis::blind);
}

TEST_F(limiter_core_test, keeps_the_leases_of_two_option_sets_that_alternate) {
  core(80, 16s, leased(10, 1s))->take_lease(5, 5, {true, 5, 75, 0}, clock->boot_now());
  EXPECT_FALSE(core(80, 16s)->decide_here(1));
  EXPECT_EQ(core(80, 16s, leased(10, 1s))->leased_left(), 5);
  for (std::int64_t other = 1; other <= 4; ++other)
    core(other, 16s);
  EXPECT_EQ(core(80, 16s, leased(10, 1s))->leased_left(), 0); // four are kept
}

TEST_F(limiter_core_test, makes_no_room_where_something_was_admitted_blindly_less_than_a_window_ago) {
  EXPECT_TRUE(core(1, 10s)->decide_blind(1).allowed);
  const auto ask_many = [&](const std::string& who) {
    for (int i = 0; i < 10'000; ++i)
      registry.find(*check_rate_limit("rate_limit:" + who + std::to_string(i) + ":b", 10, 1s, {}));
  };
  ask_many("one");
  EXPECT_FALSE(core(1, 10s)->decide_blind(1).allowed);
  clock->advance(10s);
  ask_many("other");
  EXPECT_LE(registry.size(), 10'000u);
  EXPECT_TRUE(core(1, 10s)->decide_blind(1).allowed);
}

TEST_F(limiter_core_test, tells_the_store_no_more_of_an_outage_than_a_window_still_holds) {
  limiter_options options;
  options.when_away = away_policy::open;
  const auto limit = core(1000, 16s, options);
  std::deque<boot_time> admitted;
  std::mt19937_64 random{5};
  for (int i = 0; i < 5'000; ++i) {
    clock->advance(std::chrono::milliseconds{random() % 100 == 0 ? random() % 20'000 : random() % 100});
    limit->decide_blind(1);
    admitted.push_back(clock->boot_now());
    const auto younger = [&](std::chrono::nanoseconds age) {
      return std::count_if(admitted.begin(), admitted.end(), [&](boot_time at) { return at > clock->boot_now() - age; });
    };
    const auto told = limit->request_for({}, false).forced;
    ASSERT_LE(told, younger(16s));
    ASSERT_GE(told, younger(15s));
    while (admitted.front() <= clock->boot_now() - 16s)
      admitted.pop_front();
  }
  clock->advance(16s);
  EXPECT_EQ(limit->request_for({}, false).forced, 0);
  limit->decide_blind(3);
  EXPECT_EQ(limit->request_for({}, false).forced, 3);
  limit->blind_told(2);
  EXPECT_EQ(limit->request_for({}, false).forced, 1);
}

TEST_F(limiter_core_test, is_shared_by_all_who_ask_for_the_same_limit_and_bounded) {
  EXPECT_EQ(core(10, 1s), core(10, 1s));
  EXPECT_NE(core(10, 1s), core(11, 1s));
  const auto held = core(10, 1s);
  EXPECT_EQ(core(11, 1s), core(11, 1s));
  EXPECT_EQ(core(10, 1s), held);
  for (int i = 0; i < 25'000; ++i)
    registry.find(*check_rate_limit("rate_limit:user" + std::to_string(i) + ":b", 10, 1s, {}));
  EXPECT_LE(registry.size(), 10'000u);
  EXPECT_EQ(core(10, 1s), held);
}

TEST(coarse_clock, lags_by_no_more_than_it_says_and_is_never_ahead) {
  const auto clocks = system_clocks();
  for (int i = 0; i < 100'000; ++i) {
    const auto before = clocks->boot_now();
    const auto coarse = clocks->coarse_now();
    ASSERT_GE(coarse, before - coarse_lag_max);
    ASSERT_LE(coarse, clocks->boot_now());
  }
}

} // namespace
} // namespace holdfast

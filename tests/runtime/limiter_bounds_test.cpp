#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/blind_record.hpp"
#include "runtime/limiter_registry.hpp"
#include "tests/support/runtime_manual_clock.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct fixture : ::testing::Test {
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
  limiter_registry registry{clock, [](const std::string&) { return limiter_counters{}; }};

  limiter_core_ptr core(std::int64_t limit, std::chrono::nanoseconds window, const limiter_options& options = {}) {
    return registry.find(*check_rate_limit("rate_limit:a:b", limit, window, options));
  }
  // As many keys as are kept.
  std::vector<limiter_core_ptr> hold_all_places() {
    std::vector<limiter_core_ptr> held;
    for (int i = 0; i < 10'000; ++i)
      held.push_back(registry.find(*check_rate_limit("rate_limit:held" + std::to_string(i) + ":b", 10, 10s, {})));
    return held;
  }
};
using limiter_bounds = fixture;

TEST_F(limiter_bounds, asks_again_every_few_seconds_whether_a_long_refusal_still_holds) {
  const auto limit = core(10, 1h);
  const auto other = core(20, 1h);
  const rate_verdict refusal{false, 0, 0, 1'800'000'000};
  limit->settle(refusal, 1, clock->boot_now());
  other->settle(refusal, 1, clock->boot_now());
  clock->advance(refusal_trust - 1ns);
  EXPECT_GT(limit->decide_here(1)->decision.retry_after, 29min);
  clock->advance(1ns);
  EXPECT_TRUE(limit->decide_here(0) == std::nullopt); // a look asks anyway, and is not the one
  EXPECT_FALSE(limit->decide_here(1));
  EXPECT_TRUE(other->decide_here(1));
  limit->settle(refusal, 1, clock->boot_now());
  EXPECT_TRUE(limit->decide_here(1));
  clock->advance(refusal_trust);
  EXPECT_FALSE(limit->decide_here(1));
  limit->settle({true, 1, 9, 0}, 1, clock->boot_now()); // somebody deleted the key
  EXPECT_FALSE(limit->decide_here(1));
  EXPECT_FALSE(other->decide_here(1));
}

TEST_F(limiter_bounds, remembers_a_refusal_of_a_second_or_less_to_its_end) {
  const auto limit = core(10, 1h);
  limit->settle({false, 0, 0, 10'000'000}, 1, clock->boot_now());
  clock->advance(refusal_trust);
  EXPECT_FALSE(limit->decide_here(1));
  limit->settle({false, 0, 0, 999'999}, 1, clock->boot_now());
  clock->advance(999'998us);
  EXPECT_TRUE(limit->decide_here(1));
}

TEST_F(limiter_bounds, admits_no_more_than_a_share_without_the_store_to_whoever_asks_anew_each_time_beyond_the_keys_that_are_kept) {
  const auto held = hold_all_places();
  int admitted = 0;
  for (int i = 0; i < 100; ++i) {
    admitted += core(3, 10s)->decide_blind(1).allowed ? 1 : 0;
    core(1000, 1s)->decide_blind(1); // lets go nothing that a longer window counts
    clock->advance(90ms);
  }
  EXPECT_GE(admitted, 1);
  EXPECT_LE(admitted, 3);
  EXPECT_EQ(registry.size(), 10'000u);
  clock->advance(10s);
  EXPECT_TRUE(core(3, 10s)->decide_blind(1).allowed);
}

TEST_F(limiter_bounds, takes_no_lease_for_whoever_asks_anew_each_time_beyond_the_keys_that_are_kept) {
  auto held = hold_all_places();
  limiter_options leased;
  leased.mode = rate_mode::leased;
  EXPECT_EQ(core(80, 16s, leased)->request_for({1}, false).amounts, std::vector<std::uint32_t>{1});
  held.clear();
  clock->advance(100ms); // until it is worth looking for room
  EXPECT_GT(core(80, 16s, leased)->request_for({1}, false).amounts.front(), 1u);
}

} // namespace
} // namespace holdfast

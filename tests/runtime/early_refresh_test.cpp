#include "runtime/early_refresh.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

TEST(early_refresh, is_claimed_by_one_read_from_its_time_on) {
  early_refresh early;
  const boot_time due{1000s};
  EXPECT_FALSE(early.claim(market::spot, due)) << "none was planned";
  early.refresh_from(market::spot, due);
  EXPECT_FALSE(early.claim(market::spot, due - 1ns));
  EXPECT_FALSE(early.claim(market::futures, due));
  EXPECT_TRUE(early.claim(market::spot, due));
  EXPECT_FALSE(early.claim(market::spot, due + 1h));
  early.refresh_from(market::spot, due + 1h);
  EXPECT_TRUE(early.claim(market::spot, due + 1h));
}

TEST(early_refresh, is_claimed_once_by_many_threads_that_read_at_once) {
  early_refresh early;
  std::atomic<int> claims{0};
  for (int round = 0; round < 100; ++round) {
    early.refresh_from(market::spot, boot_time{1s});
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i)
      readers.emplace_back([&] { claims += early.claim(market::spot, boot_time{2s}) ? 1 : 0; });
  }
  EXPECT_EQ(claims, 100);
}

} // namespace
} // namespace holdfast

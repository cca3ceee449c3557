#include "runtime/slept_time.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(slept_time, is_read_again_where_the_thread_lost_the_processor_between_the_clocks) {
  std::int64_t now = 0;
  int readings = 0;
  const auto read = [&] { // the second time the thread stands still for 20 ms
    now += ++readings == 2 ? 20'000'000 : 100;
    return now;
  };
  const auto slept = slept_ns(read, [&] { return read() + 5'000'000'000; });
  EXPECT_LE(slept, 5'000'000'000);
  EXPECT_GE(slept, 5'000'000'000 - 1'000'000);
}

TEST(slept_time, is_never_ahead_however_long_each_reading_takes) {
  std::int64_t now = 0;
  const auto read = [&] { return now += 7'000'000; };
  EXPECT_LE(slept_ns(read, [&] { return read() + 5'000'000'000; }), 5'000'000'000);
}

} // namespace
} // namespace holdfast

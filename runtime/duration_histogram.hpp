// How long something takes: a histogram over fixed bounds from 100 microseconds to 30 seconds.
//
// Threads  any; observe() is three relaxed additions. A reader that comes in between may see a sum and buckets that
//          differ by the observations under way.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace holdfast {

class duration_histogram {
public:
  // Upper bounds in seconds; the last bucket, past them all, has none.
  static constexpr std::array<double, 17> bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                 0.1,    0.25,    0.5,    1.0,   2.5,    5.0,   10.0, 30.0};
  using counts = std::array<std::uint64_t, bounds.size() + 1>; // observations, by bucket

  // What is exactly a bound is in that bucket. A negative duration counts as zero.
  void observe(std::chrono::nanoseconds took) noexcept {
    const auto seconds = std::chrono::duration<double>{took}.count();
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
    counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)), std::memory_order_relaxed);
  }

  // Of each bucket alone, not cumulated.
  counts read() const noexcept {
    counts now{};
    for (std::size_t i = 0; i < now.size(); ++i)
      now[i] = counts_[i].load(std::memory_order_relaxed);
    return now;
  }
  // Of all observations so far.
  double sum_seconds() const noexcept { return static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9; }

private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

} // namespace holdfast

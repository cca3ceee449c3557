// When reads begin to cause a refresh of a market's table, before its time is over: from that moment on the first read that
// comes claims the refresh, the others pay one relaxed load.
//
// Threads  refresh_from(): the cache. claim(): any.
// Restart  nobody claims anything until a table is published.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/market.hpp>

namespace holdfast {

class early_refresh {
public:
  void refresh_from(market which, boot_time at) noexcept {
    at_[index(which)].store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }
  // True for one read only, until the time is set again.
  bool claim(market which, boot_time now) noexcept {
    auto& at = at_[index(which)];
    auto due = at.load(std::memory_order_relaxed);
    return now.time_since_epoch().count() >= due && at.compare_exchange_strong(due, never, std::memory_order_relaxed);
  }

private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  std::array<std::atomic<std::int64_t>, market_count> at_{never, never}; // boot clock, nanoseconds
};

using early_refresh_ptr = std::shared_ptr<early_refresh>;

} // namespace holdfast

#include "runtime/symbol_calendar.hpp"

#include <chrono>
#include <cstdint>

namespace holdfast {

namespace {

constexpr std::int64_t year_9999_ms = 253'402'300'800'000; // its end; the exchange's numbers are any

} // namespace

std::optional<wall_time> next_change(const symbol_table& table, wall_time since) {
  std::optional<wall_time> next;
  const auto consider = [&](std::int64_t milliseconds) {
    if (milliseconds <= 0 || milliseconds > year_9999_ms)
      return;
    const wall_time at{std::chrono::milliseconds{milliseconds}};
    // Perpetual contracts are delivered in the year 2100.
    if (at > since && at < since + std::chrono::hours{24 * 366} && (!next || at < *next))
      next = at;
  };
  for (const auto& one : table.symbols()) {
    consider(one.onboard_ms);
    consider(one.delivery_ms);
  }
  return next;
}

} // namespace holdfast

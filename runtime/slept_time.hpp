// How long the machine has slept since it booted, from two clocks of which one stands still meanwhile.
//
// Threads  any. Lags by `between_max`, and is never ahead: leases end by it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace holdfast {

// `read_monotonic()` and `read_boot()` tell nanoseconds. A thread that loses the processor between the two readings would take
// the time that passed for less sleep, and nobody would notice for as long as the machine is awake: it reads again.
template <class ReadMonotonic, class ReadBoot>
std::int64_t slept_ns(ReadMonotonic read_monotonic, ReadBoot read_boot) noexcept {
  constexpr std::int64_t between_max = 1'000'000;
  constexpr int tries_max = 100;
  auto slept = std::numeric_limits<std::int64_t>::min();
  for (int i = 0; i < tries_max; ++i) {
    const auto before = read_monotonic();
    const auto boot = read_boot();
    const auto after = read_monotonic();
    slept = std::max(slept, boot - after);
    if (after - before <= between_max)
      break;
  }
  return slept;
}

} // namespace holdfast

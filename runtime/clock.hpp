// Time as holdfast measures it, injectable so that tests run in virtual time.
//
// boot_time  CLOCK_BOOTTIME: never steps, goes on while the machine sleeps. Ages, TTLs, leases, embargoes, deadlines.
//            Meaningless in another process or after a reboot: never written to a store or a file.
// wall_time  the system's idea of now, which may step. Only for what crosses processes or restarts.
//
// Threads    every function of a clock_source may be called from any thread.
#pragma once

#include <chrono>
#include <memory>

#include <holdfast/runtime/export.hpp>

namespace holdfast {

struct HOLDFAST_EXPORT boot_clock { // a clock of std::chrono over CLOCK_BOOTTIME
  using duration = std::chrono::nanoseconds;                        // signed
  using rep = duration::rep;                                        // of 64 bits: 292 years
  using period = duration::period;                                  // a thousand millionth of a second
  using time_point = std::chrono::time_point<boot_clock, duration>; // since the machine booted
  static constexpr bool is_steady = true;                           // and goes on while the machine sleeps
  static time_point now() noexcept;                                 // of the machine, also in tests; see clock_source
};

using boot_time = boot_clock::time_point;                           // of this process only; see above
using wall_time = std::chrono::sys_time<std::chrono::microseconds>; // of UTC since 1970

// Two ticks of the slowest kernel (100 Hz), and a sleep of the machine that is too short to be noticed.
inline constexpr std::chrono::milliseconds coarse_lag_max{40};

class HOLDFAST_EXPORT clock_source { // both clocks, as they are or as a test says
public:
  virtual ~clock_source() = default;
  virtual boot_time boot_now() const noexcept = 0; // as exact as the machine tells it
  virtual wall_time wall_now() const noexcept = 0; // may be before what it was a moment ago
  // The boot clock for hot paths: a few nanoseconds to read, at most coarse_lag_max behind boot_now(), never ahead.
  virtual boot_time coarse_now() const noexcept { return boot_now(); }
};

// One object for all parts that are to agree on the time.
using clock_ptr = std::shared_ptr<const clock_source>;

// The machine's clocks.
HOLDFAST_EXPORT clock_ptr system_clocks();

} // namespace holdfast

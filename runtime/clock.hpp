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
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<boot_clock, duration>;
  static constexpr bool is_steady = true; // and goes on while the machine sleeps
  static time_point now() noexcept;
};

using boot_time = boot_clock::time_point;
using wall_time = std::chrono::sys_time<std::chrono::microseconds>;

// Two ticks of the slowest kernel (100 Hz), and a sleep of the machine that is too short to be noticed.
inline constexpr std::chrono::milliseconds coarse_lag_max{40};

class HOLDFAST_EXPORT clock_source { // both clocks, as they are or as a test says
public:
  virtual ~clock_source() = default;
  virtual boot_time boot_now() const noexcept = 0;
  virtual wall_time wall_now() const noexcept = 0;
  // The boot clock for hot paths: a few nanoseconds to read, at most coarse_lag_max behind boot_now(), never ahead.
  virtual boot_time coarse_now() const noexcept { return boot_now(); }
};

using clock_ptr = std::shared_ptr<const clock_source>;

// The machine's clocks.
HOLDFAST_EXPORT clock_ptr system_clocks();

} // namespace holdfast

// The timers that an actor has running for the earliest of its deadlines. None can be taken back: one is started only where none
// that runs rings as early, and it serves whoever waits when it rings. So no two of them follow each other for ever, and no more
// run than deadlines came that were earlier than all before.
//
// Threads  one at a time.
#pragma once

#include <cstdint>
#include <vector>

#include <holdfast/runtime/clock.hpp>

namespace holdfast {

class running_timers {
public:
  // Whether a timer is to be started for `when`; it runs from now on, until rang().
  bool wants(boot_time when) {
    if (!times_.empty() && times_.back() <= when)
      return false;
    times_.push_back(when);
    return true;
  }
  // As the number of its timer.
  static std::uint64_t number_of(boot_time when) noexcept { return static_cast<std::uint64_t>(when.time_since_epoch().count()); }
  void rang(std::uint64_t number) {
    std::erase_if(times_, [number](boot_time when) { return number_of(when) == number; });
  }

private:
  std::vector<boot_time> times_; // the earliest is the last
};

} // namespace holdfast

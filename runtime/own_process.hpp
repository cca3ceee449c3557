// Whether we are still the process that made something. In a child of fork without exec only the thread that forked lives on,
// and what another one had locked at that moment is locked for ever: whoever may be called there looks here before he locks.
//
// Threads  any: two numbers are compared. A copy speaks for the same process.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/clock.hpp"

namespace holdfast {

class own_process {
public:
  // This one.
  own_process() noexcept;

  // We are a child of that process, or a child's child.
  bool forked() const noexcept { return depth_ != forks_.load(std::memory_order_relaxed); }

  // From now on forks are noticed.
  static void watch() noexcept;
  // When this process was forked off, by the machine's boot clock; min(): it was not, or nobody watched.
  static boot_time forked_at() noexcept { return forked_at_.load(std::memory_order_relaxed); }

private:
  static void in_child() noexcept;

  static constinit std::atomic<std::uint32_t> forks_; // from the process that began to watch down to this one
  static constinit std::atomic<boot_time> forked_at_;
  std::uint32_t depth_;
};

} // namespace holdfast

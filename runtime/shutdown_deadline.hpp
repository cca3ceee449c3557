// The moment from which on nothing of an engine waits for the network or the disk any more. There is none until the engine ends.
//
// Threads  any.
// Errors   where no descriptor is to be had, who waits in poll() waits by deadlines of his own.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include <holdfast/runtime/clock.hpp>

namespace holdfast {

class shutdown_deadline {
public:
  shutdown_deadline();
  ~shutdown_deadline();
  shutdown_deadline(const shutdown_deadline&) = delete;
  shutdown_deadline& operator=(const shutdown_deadline&) = delete;

  // Only an earlier one replaces one that is set.
  void set(boot_time at) noexcept;
  bool passed() const noexcept { return boot_clock::now() >= at_.load(std::memory_order_relaxed); }
  // Readable once it has passed, for poll(), which takes no notice of -1.
  int descriptor() const noexcept { return timer_; }

private:
  std::mutex setting_;
  std::atomic<boot_time> at_{boot_time::max()};
  int timer_;
};

// Null: there never is one.
using shutdown_deadline_ptr = std::shared_ptr<shutdown_deadline>;

// Waits so long between two tries, or until that moment; a signal may end it earlier.
void pause_before(const shutdown_deadline_ptr& ends, std::chrono::milliseconds length) noexcept;

} // namespace holdfast

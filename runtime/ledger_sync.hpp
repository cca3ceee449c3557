// Puts a ledger on the disk itself every so often, for hosts that want to lose less by a loss of power than the kernel's
// usual half minute. What only the process loses by dying is safe without.
//
// Threads  one of its own, since the disk may take long; the destructor waits for a write that is under way.
// Errors   said once, and again when it works; without a thread nothing is put there.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include <holdfast/runtime/counter_ledger.hpp>

namespace holdfast {

class ledger_sync {
public:
  // `interval` > 0.
  ledger_sync(std::shared_ptr<counter_ledger> ledger, std::chrono::nanoseconds interval);
  ~ledger_sync();
  ledger_sync(const ledger_sync&) = delete;
  ledger_sync& operator=(const ledger_sync&) = delete;

  std::uint64_t times() const noexcept { return times_.load(std::memory_order_relaxed); }

private:
  void run(std::chrono::nanoseconds interval);

  std::shared_ptr<counter_ledger> ledger_;
  std::atomic<std::uint64_t> times_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace holdfast

// A handle to one counter: what engine code holds on its hot path.
//
// Threads  any; incr() and decr() are wait-free: one relaxed atomic addition to a cell of the ledger.
// Errors   none, ever: a default-constructed handle counts nothing, one whose engine is gone counts into memory that
//          nobody reads, one refused for want of capacity or a bad key counts into the overflow row.
// Life     a handle may outlive its engine.
// Restart  increments survive the process; see counter_ledger.hpp.
#pragma once

#include <atomic>
#include <cstdint>

namespace holdfast {

class counter {
public:
  constexpr counter() noexcept = default;
  constexpr counter(std::atomic<std::uint64_t>* added, std::atomic<std::uint64_t>* subtracted) noexcept
    : added_{added}, subtracted_{subtracted} {}

  void incr(std::uint64_t amount = 1) const noexcept {
    if (added_)
      added_->fetch_add(amount, std::memory_order_relaxed);
  }
  void decr(std::uint64_t amount = 1) const noexcept {
    if (subtracted_)
      subtracted_->fetch_add(amount, std::memory_order_relaxed);
  }
  // By a signed amount.
  void add(std::int64_t amount) const noexcept {
    if (amount >= 0)
      incr(static_cast<std::uint64_t>(amount));
    else
      decr(0 - static_cast<std::uint64_t>(amount));
  }

private:
  std::atomic<std::uint64_t>* added_ = nullptr;
  std::atomic<std::uint64_t>* subtracted_ = nullptr;
};

} // namespace holdfast

// A handle to one counter: what engine code holds on its hot path.
//
// Threads  any; incr() and decr() are wait-free: a relaxed load, an add and a relaxed store on a cell that only this
//          thread writes.
// Errors   none, ever: a default-constructed handle, one whose engine is gone, and one refused for want of capacity
//          count into a row that nobody reads or into the overflow.
// Restart  increments survive the process; see counter_ledger.hpp.
#pragma once

#include <cstdint>

namespace holdfast {

class counter {
public:
  constexpr counter() noexcept = default;
  void incr(std::uint64_t amount = 1) const noexcept;
  void decr(std::uint64_t amount = 1) const noexcept;

private:
  std::uint32_t slot_ = 0;
  std::uint32_t row_ = 0;
};

} // namespace holdfast

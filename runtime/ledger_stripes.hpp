// Which thread counts in which stripe of an open ledger.
//
// A stripe is one thread's until that thread ends or the ledger stops; then another thread goes on in it, its sums are
// kept. Threads that get none share the first stripe, with atomic additions.
//
// Threads  any; taking and giving back happen under ledger_mutex().
// Bounds   `stripes` of the geometry; fast_ledgers ledgers at a time, the ones after that have the shared stripe alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include <holdfast/runtime/ledger_row.hpp>

#include "runtime/ledger_memory.hpp"

namespace holdfast {

class ledger_stripes {
public:
  // `memory` is mapped whole and outlives this.
  explicit ledger_stripes(ledger_memory& memory);
  ~ledger_stripes();
  ledger_stripes(const ledger_stripes&) = delete;
  ledger_stripes& operator=(const ledger_stripes&) = delete;

  // Of a row; none: the overflow row.
  counter handle(std::optional<std::uint32_t> row) const noexcept;
  // All stripes together. Never less than an earlier answer to the same thread.
  ledger_sums sums(std::optional<std::uint32_t> row) const noexcept;
  // From here on handles count for nobody; what they have counted is in sums().
  void stop() noexcept;
  std::uint32_t used() const noexcept { return used_.load(std::memory_order_acquire); }

  // For the calling thread: its stripe of the ledger with this ticket, taken if need be; none where there is none.
  static stripe_cell* take(std::uint32_t ticket) noexcept;
  static void give_back_all() noexcept;
  // In a forked child, where the mutex is held.
  static void forget_all() noexcept;

private:
  static std::uint32_t index_in(std::optional<std::uint32_t> row) noexcept { return row ? *row + 1 : 0; }
  std::optional<std::uint32_t> take_one() noexcept;
  void forget() noexcept;

  ledger_memory& memory_;
  std::uint32_t ticket_ = no_ticket;
  std::vector<std::uint32_t> free_;    // given back; room for all is reserved
  std::atomic<std::uint32_t> used_{0}; // stripes ever taken: the first so many
};

} // namespace holdfast

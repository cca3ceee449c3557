// A handle to one counter: what engine code holds on its hot path.
//
// Threads  any. A thread adds to cells that it alone writes: a relaxed load, an add, a relaxed store; no lock, no
//          atomic read-modify-write. Its first increment of a ledger takes it a stripe of cells, out of line; a thread
//          that gets none (more threads than stripes, a full disk) adds atomically to cells shared with others.
//          Not for signal handlers: one that interrupts its own thread's increment may lose it that increment.
// Errors   none, ever: a default-constructed handle counts into a dummy that nobody reads, one refused for want of
//          capacity or for its key into the ledger's overflow row.
// Life     a handle may outlive its ledger, be used before main and during static destruction, and in a forked child:
//          it then counts into memory that nobody reads.
// Restart  increments survive the process; see counter_ledger.hpp.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <holdfast/runtime/export.hpp>

namespace holdfast {

// Two sums that only grow; the counter's value is their difference.
struct stripe_cell {
  std::atomic<std::uint64_t> added{0};      // by `incr()`, modulo 2^64
  std::atomic<std::uint64_t> subtracted{0}; // by `decr()`: what was taken away, as a positive number
};
static_assert(sizeof(stripe_cell) == 16 && std::atomic<std::uint64_t>::is_always_lock_free);

// The calling thread's own stripe of one open ledger. It is this thread's as long as the tickets are equal: no ticket is
// given out twice, so that neither a closed ledger's handle nor its stripe is ever taken for a later one's.
struct thread_stripe {
  std::uint32_t ticket = 0;     // of the ledger that the stripe is from, as in its handles; 0: of none
  stripe_cell* cells = nullptr; // the first of the stripe; null: none was taken yet
};

// Ledgers whose handles count without atomics; what a process opens beyond that at the same time counts with them.
inline constexpr std::size_t fast_ledgers = 8;
// The bits of a ticket that tell its ledger's place in the table, as a distance in bytes.
inline constexpr std::uint32_t place_bits = (fast_ledgers - 1) * sizeof(thread_stripe);
static_assert(sizeof(thread_stripe) == 16 && sizeof(stripe_cell) == 16);
// Of no ledger.
inline constexpr std::uint32_t no_ticket = 0xFFFF'FFFF;

// Initial-exec: in a host that is itself a shared object the default model would cost more than the increment.
[[gnu::tls_model("initial-exec")]] HOLDFAST_EXPORT extern constinit thread_local
  std::array<thread_stripe, fast_ledgers> thread_stripes;
// Of handles that count for nobody.
HOLDFAST_EXPORT extern stripe_cell dummy_cell;

class HOLDFAST_EXPORT counter {
public:
  constexpr counter() noexcept = default;
  // For the ledger: row `row` of every stripe, and the cell of that row which is shared.
  constexpr counter(std::uint32_t ticket, std::uint32_t row, stripe_cell* shared) noexcept
    : shared_{shared}, ticket_{ticket}, distance_{row * static_cast<std::uint32_t>(sizeof(stripe_cell))} {}

  // A nanosecond or two; wait-free.
  void incr(std::uint64_t amount = 1) const noexcept {
    if (const auto& stripe = own_stripe(); stripe.ticket == ticket_) [[likely]]
      add_alone(cell_in(stripe.cells).added, amount);
    else
      count_slowly(*this, amount, 0);
  }
  // As incr(), down; the value may become negative.
  void decr(std::uint64_t amount = 1) const noexcept {
    if (const auto& stripe = own_stripe(); stripe.ticket == ticket_) [[likely]]
      add_alone(cell_in(stripe.cells).subtracted, amount);
    else
      count_slowly(*this, 0, amount);
  }
  // By a signed amount.
  void add(std::int64_t amount) const noexcept {
    if (amount >= 0)
      incr(static_cast<std::uint64_t>(amount));
    else
      decr(0 - static_cast<std::uint64_t>(amount));
  }

private:
  // Distances in bytes: a shift less on the way, which is a tenth of it.
  const thread_stripe& own_stripe() const noexcept {
    return *reinterpret_cast<const thread_stripe*>(reinterpret_cast<const std::byte*>(thread_stripes.data())
                                                   + (ticket_ & place_bits));
  }
  stripe_cell& cell_in(stripe_cell* cells) const noexcept {
    return *reinterpret_cast<stripe_cell*>(reinterpret_cast<std::byte*>(cells) + distance_);
  }
  static void add_alone(std::atomic<std::uint64_t>& sum, std::uint64_t amount) noexcept {
    sum.store(sum.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  // Takes this thread its stripe, or adds to the shared cell. A copy, so that a handle can stay in registers.
  [[gnu::noinline]] static void count_slowly(counter which, std::uint64_t added,
                                                        std::uint64_t subtracted) noexcept;

  stripe_cell* shared_ = &dummy_cell;
  std::uint32_t ticket_ = no_ticket;
  std::uint32_t distance_ = 0; // of the cell in its stripe, in bytes
};

} // namespace holdfast

// What a ledger file remembers of one row besides its sums: how far the store has been told about it. Plain data,
// shared by the ledger (which keeps it in the file) and the merge protocol (which decides how it changes).
#pragma once

#include <array>
#include <cstdint>

namespace holdfast {

// Two monotone sums. A counter's value is added - subtracted.
struct ledger_sums {
  std::uint64_t added = 0;
  std::uint64_t subtracted = 0;
  friend bool operator==(const ledger_sums&, const ledger_sums&) = default;
};

// 128 random bits: a writer's or a generation's name; 32 hex digits as text. All zero: none.
using ledger_id = std::array<std::uint8_t, 16>;

struct row_bookkeeping {
  ledger_sums merged;        // the last state of ours that the store is known to hold
  ledger_sums sent;          // the furthest state ever sent; never below `merged`
  ledger_sums carried;       // sums that a retired writer id of this row has brought to the store already
  ledger_id writer{};        // this row's own writer id; none: the file's
  ledger_id generation{};    // of the bookkeeping record as last seen; none: never seen
  ledger_id own_generation{}; // the one this row supplied, if it ever created the record; none: never
};

} // namespace holdfast

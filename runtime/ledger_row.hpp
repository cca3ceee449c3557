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
  ledger_sums merged;     // the last state of ours that the store is known to hold
  ledger_sums sent;       // the furthest state ever sent; never below `merged`
  ledger_sums joined;     // what counted as merged when our field in the record `joining` was first written
  ledger_sums carried;    // what retired writer ids of this row have brought to the store
  ledger_id writer{};     // this row's own writer id; none: the file's
  ledger_id generation{}; // of the record that is known to hold our field; none: no record is
  ledger_id joining{};    // of the record that we last joined or asked to join; none: what counted there is not known
  ledger_id epoch{};      // the store's epoch when it last merged something of this row; none: it told none
  friend bool operator==(const row_bookkeeping&, const row_bookkeeping&) = default;
};

} // namespace holdfast

// What is different between two tables of a market: what subscribers of the diff feed are told.
//
// Only what a table keeps is compared. A symbol that is GONE counts as not there: vanishing is `removed`, coming back
// `added`.
#pragma once

#include <cstdint>
#include <vector>

#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct HOLDFAST_EXPORT symbol_diff {
  symbol_table_ptr previous; // may be null
  symbol_table_ptr next; // never null after between()
  // Dense ids, in the order of their table. A symbol may have changed both status and rules.
  std::vector<std::uint32_t> added;          // in `next`
  std::vector<std::uint32_t> removed;        // in `previous`
  std::vector<std::uint32_t> status_changed; // in `next`
  std::vector<std::uint32_t> rules_changed;  // in `next`: trading rules by value, assets, contract type, precisions,
                                             // permissions, onboard and delivery times

  // True: no symbol came, vanished or changed.
  bool empty() const noexcept {
    return added.empty() && removed.empty() && status_changed.empty() && rules_changed.empty();
  }

  // Pre: `next` is not null.
  static symbol_diff between(symbol_table_ptr previous, symbol_table_ptr next);
};

} // namespace holdfast

// The order of tables of all processes on one store: by the fencing token under which the fetch began, then by sequence.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>

namespace holdfast {

// Token zero: fetched while no token could be had. Such a table is compared by its age alone, and comes into the store with the token
// that it would have got then, as far as its age tells.
struct table_order {
  std::uint64_t token = 0;    // of the lease under which the fetch began
  std::uint64_t sequence = 0; // of the fetch under this token
  bool known() const noexcept { return token != 0; } // false: token zero, see above
  // By token, then by sequence. For orders that are both known; tables are compared with is_newer().
  friend auto operator<=>(const table_order&, const table_order&) = default;
};

// When a table was fetched, as told by whoever fetched it.
struct table_stamp {
  table_order order;                // token zero: none
  std::optional<boot_time> fetched; // none: unknown
};

// By their orders where both have one, else by the time of their fetch; what is of unknown age is newer than nothing.
HOLDFAST_EXPORT bool is_newer(const table_stamp& one, const table_stamp& other) noexcept;

// "token sequence" with 20 digits each: texts compare as the orders do.
HOLDFAST_EXPORT std::string to_text(const table_order& order);

// Zero where the text is no order.
HOLDFAST_EXPORT table_order parse_table_order(std::string_view text) noexcept;

} // namespace holdfast

// The order of tables of all processes on one store: by the fencing token under which the fetch began, then by sequence.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

// Token zero: fetched while no token could be had. Such a table is compared by its age alone.
struct table_order {
  std::uint64_t token = 0;
  std::uint64_t sequence = 0;
  bool known() const noexcept { return token != 0; }
  friend auto operator<=>(const table_order&, const table_order&) = default;
};

// "token sequence" with 20 digits each: texts compare as the orders do.
std::string to_text(const table_order& order);

// Zero where the text is no order.
table_order parse_table_order(std::string_view text) noexcept;

} // namespace holdfast

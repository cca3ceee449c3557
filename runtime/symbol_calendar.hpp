// When a table says that its symbols change: the times at which they are listed and delivered.
#pragma once

#include <optional>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

// The first time after `since`, and within a year of it, at which a symbol of the table is listed or delivered.
std::optional<wall_time> next_change(const symbol_table& table, wall_time since);

} // namespace holdfast

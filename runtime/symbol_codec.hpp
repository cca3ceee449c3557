// The full-fidelity text of a table: every symbol with all its rules, in whatever status, and where the table came
// from. What holdfast processes hand each other through the store, and what the state folder keeps.
//
// Errors   decode answers why a text is none of ours; it believes nothing that is not exactly as encode writes it.
// Bounds   texts of at most 16 MiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct encoded_symbols {
  symbol_table_ptr table;
  symbols_source source = symbols_source::none;
  std::optional<wall_time> fetched_at;
  table_order order;
  std::string fingerprint; // of the configuration that made it: exchange and quote assets
  std::optional<wall_time> judged_since; // as judge_followed() wants it; decoded: never later than fetched_at, none without
};

// Empty, which decodes to nothing, without a table, and where it would be too large to be read again.
std::string encode_symbols(const encoded_symbols& what);

expected<encoded_symbols, std::string> decode_symbols(std::string_view text, const list_rules& rules);

} // namespace holdfast

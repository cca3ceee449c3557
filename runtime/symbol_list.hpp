// The contract's plain list: a JSON array of objects with at least symbol, baseAsset, quoteAsset, status, then, where
// the exchange gives them, contractType, tickSize, stepSize, minQty, maxQty, minNotional as decimal strings exactly as
// the exchange wrote them. Text is UTF-8 and passes unchanged.
//
// Errors   read_symbol_list() answers why a text is no such array; one bad element costs the whole array, since
//          another program that writes nonsense is not half believed.
// Bounds   text of at most 16 MiB.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

// Bytes of a text of symbols. Parsed it may take twenty times as many; real ones have one or two MiB.
constexpr std::size_t symbols_text_max = 16u << 20;

// The listed symbols of the table, in list order.
std::string write_symbol_list(const symbol_table& table);

// One symbol's object, as in the array.
std::string write_symbol(const symbol& one);

// Text as a JSON string, quoted.
void append_json_string(std::string& out, std::string_view text);

expected<symbol_table_ptr, std::string> read_symbol_list(std::string_view text, const list_rules& rules);

} // namespace holdfast

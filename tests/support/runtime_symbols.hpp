// Small tables and bodies for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/exchange_info.hpp"
#include "runtime/symbol_table.hpp"

namespace holdfast::test {

// A body of the exchange around the objects of its symbols.
inline std::string body_of(const std::string& symbols) { return "{\"serverTime\":1,\"symbols\":[" + symbols + "]}"; }

// One symbol's object, its assets cut from its name; `more` begins with a comma.
inline std::string plain(const std::string& name, const std::string& status = "TRADING", const std::string& more = "") {
  return "{\"symbol\":\"" + name + "\",\"status\":\"" + status + "\",\"baseAsset\":\"" + name.substr(0, name.size() - 4)
         + "\",\"quoteAsset\":\"USDT\"" + more + "}";
}

inline std::string price_filter(const std::string& tick) {
  return ",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"" + tick + "\"}]";
}

inline symbol_table_ptr table_from(const std::string& symbols) {
  const auto info = read_exchange_info(body_of(symbols), {});
  return info ? info->table : nullptr;
}

inline std::vector<std::string> all_names(const symbol_table& table) {
  std::vector<std::string> out;
  for (const auto& one : table.symbols())
    out.emplace_back(one.name);
  return out;
}

inline std::vector<std::string> names_of(const symbol_range& range) {
  std::vector<std::string> out;
  for (const auto& one : range)
    out.emplace_back(one.name);
  return out;
}

inline std::vector<std::string> names_of(const symbol_table& table, const std::vector<std::uint32_t>& ids) {
  return names_of(symbol_range{table.symbols().data(), ids});
}

} // namespace holdfast::test

// Private to the exchangeInfo reader: the names it knows, and a memory that finds them again without a search.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/name_key.hpp"

namespace holdfast {

enum class info_field : std::uint8_t {
  unknown, ignored,
  // of the body
  server_time, rate_limits, symbols, code, message,
  // of a rate limit
  limit_type, limit, interval, interval_number,
  // of a symbol
  name, status, contract_status, contract_type, base_asset, quote_asset, base_precision, quote_precision,
  price_precision, quantity_precision, onboard, delivery, filters, permissions, permission_sets,
  // of a filter
  filter_type, min_price, max_price, tick_size, min_quantity, max_quantity, step_size, min_notional,
};

info_field find_info_field(std::string_view name) noexcept;
bool is_known_filter(std::string_view type) noexcept;
bool is_known_contract_type(std::string_view type) noexcept;

// The exchange writes the keys of every symbol in nearly the same order: the n-th key is mostly what it was before.
class field_memory {
public:
  void restart() noexcept { position_ = 0; }
  info_field find(std::string_view key) {
    if (position_ < seen_.size() && same_text(seen_[position_].key, key))
      return seen_[position_++].field;
    const auto field = find_info_field(key);
    if (position_ < seen_.size())
      seen_[position_] = {key, field};
    else if (position_ < remembered_max)
      seen_.push_back({key, field});
    ++position_;
    return field;
  }

private:
  static constexpr std::size_t remembered_max = 256;
  struct entry {
    std::string_view key; // in the body, which outlives the reader
    info_field field;
  };
  std::vector<entry> seen_;
  std::size_t position_ = 0;
};

} // namespace holdfast

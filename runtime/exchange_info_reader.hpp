// Private to the exchangeInfo reader: takes the events of RapidJSON's reader in the order of the body and fills a table.
//
// Life   texts are views into the body, which is taken apart in place and outlives the reader.
// Bounds a fixed number of places that mean something; what lies below or beside them is only counted. At most 64
//        distinct unknown names are remembered; nesting beyond a million levels ends the reading.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <rapidjson/reader.h>

#include "runtime/exchange_info.hpp"
#include "runtime/exchange_info_fields.hpp"
#include "runtime/exchange_info_permissions.hpp"
#include "runtime/symbol_table.hpp"

namespace holdfast {

// The rules named in one filter.
struct filter_rules {
  std::string_view min_price, max_price, tick_size, min_quantity, max_quantity, step_size, min_notional;
};

class exchange_info_reader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, exchange_info_reader> {
public:
  using length = rapidjson::SizeType;

  explicit exchange_info_reader(exchange_info& info) : info_{info} {}

  bool Null() { return other_value(); }
  bool Bool(bool) { return other_value(); }
  bool RawNumber(const char* text, length size, bool) { return value({text, size}); }
  bool String(const char* text, length size, bool) { return value({text, size}); }
  bool Key(const char* text, length size, bool) {
    if (skipped_ == 0)
      key({text, size});
    return true;
  }
  bool StartObject() { return skipped_ > 0 ? skip() : enter_object(); }
  bool EndObject(length) { return skipped_ > 0 ? unskip() : leave(); }
  bool StartArray() { return skipped_ > 0 ? skip() : enter_array(); }
  bool EndArray(length) { return skipped_ > 0 ? unskip() : leave(); }

  symbol_table_builder builder;
  std::optional<std::int64_t> code; // the exchange's error, where the body is one
  std::string message;
  bool is_object = false;
  bool has_symbols = false;
  bool too_deep = false;

private:
  enum class place : std::uint8_t {
    outside, body, rate_limits, rate_limit, symbols, one_symbol, filters, filter, permissions, permission_sets,
    permission_group,
  };

  bool enter(place next) {
    places_[++depth_] = next;
    return true;
  }
  bool skip();
  bool unskip() {
    --skipped_;
    return true;
  }
  place here() const noexcept { return places_[depth_]; }
  bool enter_object();
  bool enter_array();
  bool leave();
  void key(std::string_view text);
  bool value(std::string_view text);
  bool other_value();
  void body_value(std::string_view text);
  void rate_limit_value(std::string_view text);
  void no_permission();
  void finish_filter();
  void finish_symbol();
  void finish_rate_limit();
  void count_unknown(schema_unknown::kind what, std::string_view name);

  exchange_info& info_;
  std::array<place, 8> places_{place::outside};
  std::size_t depth_ = 0;
  std::size_t skipped_ = 0; // levels below the last place that means something
  info_field field_ = info_field::unknown;
  field_memory memory_;

  symbol_draft symbol_;
  std::string_view contract_status_;
  permission_list permissions_;
  permission_list permission_sets_;

  std::string_view filter_type_;
  filter_rules filter_;

  std::string_view limit_type_;
  std::string_view interval_;
  std::optional<std::int64_t> limit_;
  std::optional<std::int64_t> interval_number_;
};

} // namespace holdfast

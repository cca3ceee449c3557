#include "runtime/exchange_info_reader.hpp"

#include <algorithm>
#include <charconv>

#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

constexpr std::size_t unknown_names_max = 64;
constexpr std::size_t unknown_name_bytes_max = 64;
constexpr std::size_t nesting_max = 1'000'000;

std::optional<std::int64_t> to_integer(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::uint8_t to_precision(std::string_view text) noexcept {
  const auto value = to_integer(text);
  return value && *value >= 0 && *value <= 255 ? static_cast<std::uint8_t>(*value) : std::uint8_t{0};
}

// Of two rules that both hold, the one that includes the other; what is no decimal gives way.
std::string_view stricter(std::string_view a, std::string_view b) noexcept {
  const auto left = decimal::parse(a);
  const auto right = decimal::parse(b);
  if (!left || !right)
    return left || b.empty() ? a : b;
  return *left < *right ? b : a;
}

void set_symbol_field(symbol_draft& one, info_field field, std::string_view text) noexcept {
  switch (field) {
    case info_field::name: one.name = text; break;
    case info_field::status: one.status_text = text; break;
    case info_field::contract_type: one.contract_type = text; break;
    case info_field::base_asset: one.base_asset = text; break;
    case info_field::quote_asset: one.quote_asset = text; break;
    case info_field::base_precision: one.base_precision = to_precision(text); break;
    case info_field::quote_precision: one.quote_precision = to_precision(text); break;
    case info_field::price_precision: one.price_precision = to_precision(text); break;
    case info_field::quantity_precision: one.quantity_precision = to_precision(text); break;
    case info_field::onboard: one.onboard_ms = to_integer(text).value_or(0); break;
    case info_field::delivery: one.delivery_ms = to_integer(text).value_or(0); break;
    default: break;
  }
}

void set_filter_field(filter_rules& rules, info_field field, std::string_view text) noexcept {
  switch (field) {
    case info_field::min_price: rules.min_price = text; break;
    case info_field::max_price: rules.max_price = text; break;
    case info_field::tick_size: rules.tick_size = text; break;
    case info_field::min_quantity: rules.min_quantity = text; break;
    case info_field::max_quantity: rules.max_quantity = text; break;
    case info_field::step_size: rules.step_size = text; break;
    case info_field::min_notional: rules.min_notional = text; break;
    default: break;
  }
}

bool is_permissions(info_field field) noexcept {
  return field == info_field::permissions || field == info_field::permission_sets;
}

} // namespace

bool exchange_info_reader::skip() {
  too_deep = ++skipped_ > nesting_max;
  return !too_deep;
}

bool exchange_info_reader::enter_object() {
  switch (here()) {
    case place::outside: is_object = true; return enter(place::body);
    case place::rate_limits:
      limit_type_ = interval_ = {};
      limit_.reset();
      interval_number_.reset();
      return enter(place::rate_limit);
    case place::symbols:
      symbol_ = {};
      contract_status_ = {};
      permissions_.begin();
      permission_sets_.begin();
      memory_.restart();
      return enter(place::one_symbol);
    case place::filters:
      filter_ = {};
      filter_type_ = {};
      return enter(place::filter);
    default: no_permission(); return skip();
  }
}

bool exchange_info_reader::enter_array() {
  const auto at = here();
  if (at == place::body && field_ == info_field::symbols) {
    has_symbols = true;
    return enter(place::symbols);
  }
  if (at == place::body && field_ == info_field::rate_limits)
    return enter(place::rate_limits);
  if (at == place::one_symbol && field_ == info_field::filters)
    return enter(place::filters);
  if (at == place::one_symbol && field_ == info_field::permissions) {
    permissions_.begin();
    return enter(place::permissions);
  }
  if (at == place::one_symbol && field_ == info_field::permission_sets) {
    permission_sets_.begin();
    return enter(place::permission_sets);
  }
  if (at == place::permission_sets) {
    permission_sets_.begin_group();
    return enter(place::permission_group);
  }
  if (at == place::symbols)
    ++info_.bad_symbols;
  no_permission();
  return skip();
}

bool exchange_info_reader::leave() {
  switch (here()) {
    case place::filter: finish_filter(); break;
    case place::one_symbol: finish_symbol(); break;
    case place::rate_limit: finish_rate_limit(); break;
    case place::permission_group: permission_sets_.end_group(); break;
    case place::permission_sets: permission_sets_.end(); break;
    default: break;
  }
  --depth_;
  field_ = info_field::unknown;
  return true;
}

void exchange_info_reader::key(std::string_view text) {
  const auto at = here();
  field_ = at == place::one_symbol || at == place::filter ? memory_.find(text) : find_info_field(text);
  if (field_ == info_field::unknown && at != place::rate_limit)
    count_unknown(schema_unknown::kind::field, text);
}

bool exchange_info_reader::value(std::string_view text) {
  if (skipped_ > 0)
    return true;
  switch (here()) {
    case place::one_symbol:
      if (field_ == info_field::contract_status)
        contract_status_ = text;
      else if (is_permissions(field_))
        no_permission();
      else
        set_symbol_field(symbol_, field_, text);
      break;
    case place::filter:
      if (field_ == info_field::filter_type)
        filter_type_ = text;
      else
        set_filter_field(filter_, field_, text);
      break;
    case place::permissions: permissions_.name(text); break;
    case place::permission_sets:
    case place::permission_group: permission_sets_.name(text); break;
    case place::body: body_value(text); break;
    case place::rate_limit: rate_limit_value(text); break;
    default: return other_value();
  }
  return true;
}

bool exchange_info_reader::other_value() {
  if (skipped_ > 0)
    return true;
  if (here() == place::symbols)
    ++info_.bad_symbols;
  else if (here() != place::one_symbol) // null, true and false in place of a list name none
    no_permission();
  return true;
}

// Something else stands where permissions should.
void exchange_info_reader::no_permission() {
  switch (here()) {
    case place::permissions: permissions_.name({}); break;
    case place::permission_sets:
    case place::permission_group: permission_sets_.name({}); break;
    case place::one_symbol:
      if (is_permissions(field_))
        (field_ == info_field::permissions ? permissions_ : permission_sets_).no_list();
      break;
    default: break;
  }
}

void exchange_info_reader::body_value(std::string_view text) {
  if (field_ == info_field::server_time)
    info_.server_time_ms = to_integer(text).value_or(0);
  else if (field_ == info_field::code)
    code = to_integer(text);
  else if (field_ == info_field::message)
    message = text.substr(0, 512);
}

void exchange_info_reader::rate_limit_value(std::string_view text) {
  if (field_ == info_field::limit_type)
    limit_type_ = text;
  else if (field_ == info_field::interval)
    interval_ = text;
  else if (field_ == info_field::limit)
    limit_ = to_integer(text);
  else if (field_ == info_field::interval_number)
    interval_number_ = to_integer(text);
}

void exchange_info_reader::finish_filter() {
  if (filter_type_ == "PRICE_FILTER") {
    symbol_.tick_size = filter_.tick_size;
    symbol_.min_price = filter_.min_price;
    symbol_.max_price = filter_.max_price;
  } else if (filter_type_ == "LOT_SIZE") {
    symbol_.step_size = filter_.step_size;
    symbol_.min_quantity = filter_.min_quantity;
    symbol_.max_quantity = filter_.max_quantity;
  } else if (filter_type_ == "MIN_NOTIONAL" || filter_type_ == "NOTIONAL") {
    symbol_.min_notional = symbol_.min_notional.empty() ? filter_.min_notional
                                                        : stricter(symbol_.min_notional, filter_.min_notional);
  } else if (!is_known_filter(filter_type_)) {
    count_unknown(schema_unknown::kind::filter, filter_type_);
  }
}

void exchange_info_reader::finish_symbol() {
  if (symbol_.status_text.empty())
    symbol_.status_text = contract_status_;
  if (parse_symbol_status(symbol_.status_text) == symbol_status::unknown)
    count_unknown(schema_unknown::kind::status, symbol_.status_text);
  if (!is_known_contract_type(symbol_.contract_type))
    count_unknown(schema_unknown::kind::contract_type, symbol_.contract_type);
  if (permissions_.odd())
    count_unknown(schema_unknown::kind::field, "permissions");
  if (permission_sets_.odd())
    count_unknown(schema_unknown::kind::field, "permissionSets");
  symbol_.permissions = permission_sets_.text().empty() ? permissions_.text() : permission_sets_.text();
  if (builder.add(symbol_) != symbol_table_builder::added::listable)
    ++info_.bad_symbols;
}

void exchange_info_reader::finish_rate_limit() {
  if (limit_type_ == "REQUEST_WEIGHT" && interval_ == "MINUTE" && interval_number_ == 1 && limit_ && *limit_ > 0)
    info_.weight_per_minute = limit_;
}

void exchange_info_reader::count_unknown(schema_unknown::kind what, std::string_view name) {
  if (!is_clean_utf8(name))
    name = "?";
  while (name.size() > unknown_name_bytes_max || !is_clean_utf8(name))
    name.remove_suffix(name.size() > unknown_name_bytes_max ? name.size() - unknown_name_bytes_max : 1);
  const auto known = std::find_if(info_.unknown.begin(), info_.unknown.end(),
                                  [&](const auto& one) { return one.what == what && one.name == name; });
  if (known != info_.unknown.end())
    ++known->count;
  else if (info_.unknown.size() < unknown_names_max)
    info_.unknown.push_back({what, std::string{name}, 1});
}

} // namespace holdfast

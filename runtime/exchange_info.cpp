#include "runtime/exchange_info.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "runtime/exchange_info_fields.hpp"

namespace holdfast {

namespace {

constexpr std::size_t unknown_names_max = 64;

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

// The events of RapidJSON's reader, in the order of the body.
class body_reader {
public:
  explicit body_reader(exchange_info& info) : info_{info} {}

  bool Null() { return true; }
  bool Bool(bool) { return true; }
  bool Int(int) { return true; }
  bool Uint(unsigned) { return true; }
  bool Int64(std::int64_t) { return true; }
  bool Uint64(std::uint64_t) { return true; }
  bool Double(double) { return true; }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) { return value({text, length}); }
  bool String(const char* text, rapidjson::SizeType length, bool) { return value({text, length}); }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (skipped_ == 0)
      key({text, length});
    return true;
  }
  bool StartObject();
  bool EndObject(rapidjson::SizeType) { return leave(); }
  bool StartArray();
  bool EndArray(rapidjson::SizeType) { return leave(); }

  symbol_table_builder builder;
  std::optional<std::int64_t> code;
  std::string message;
  bool is_object = false;
  bool has_symbols = false;

private:
  enum class place : std::uint8_t {
    outside, body, rate_limits, rate_limit, symbols, one_symbol, filters, filter, permissions, permission_sets,
    permission_group,
  };

  bool enter(place next) {
    places_[++depth_] = next;
    return true;
  }
  bool skip() {
    ++skipped_;
    return true;
  }
  place here() const noexcept { return places_[depth_]; }
  void key(std::string_view text);
  bool value(std::string_view text);
  void symbol_value(std::string_view text);
  void filter_value(std::string_view text);
  void permission(std::string& list, std::string_view text, bool new_group);
  bool leave();
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
  symbol symbol_;
  std::string_view contract_status_;
  std::string permissions_;
  std::string permission_sets_;
  bool group_begins_ = false;
  std::string_view filter_type_;
  symbol filter_; // the rules named in the current filter
  rule_value notional_;
  std::string_view limit_type_;
  std::string_view interval_;
  std::optional<std::int64_t> limit_;
  std::optional<std::int64_t> interval_number_;
};

bool body_reader::StartObject() {
  if (skipped_ > 0)
    return skip();
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
      permissions_.clear();
      permission_sets_.clear();
      memory_.restart();
      return enter(place::one_symbol);
    case place::filters:
      filter_ = {};
      notional_ = {};
      filter_type_ = {};
      return enter(place::filter);
    default: return skip();
  }
}

bool body_reader::StartArray() {
  if (skipped_ > 0)
    return skip();
  const auto at = here();
  if (at == place::body && field_ == info_field::symbols) {
    has_symbols = true;
    return enter(place::symbols);
  }
  if (at == place::body && field_ == info_field::rate_limits)
    return enter(place::rate_limits);
  if (at == place::one_symbol && field_ == info_field::filters)
    return enter(place::filters);
  if (at == place::one_symbol && field_ == info_field::permissions)
    return enter(place::permissions);
  if (at == place::one_symbol && field_ == info_field::permission_sets)
    return enter(place::permission_sets);
  if (at == place::permission_sets) {
    group_begins_ = true;
    return enter(place::permission_group);
  }
  return skip();
}

bool body_reader::leave() {
  if (skipped_ > 0) {
    --skipped_;
    return true;
  }
  switch (here()) {
    case place::filter: finish_filter(); break;
    case place::one_symbol: finish_symbol(); break;
    case place::rate_limit: finish_rate_limit(); break;
    default: break;
  }
  --depth_;
  field_ = info_field::unknown;
  return true;
}

void body_reader::key(std::string_view text) {
  const auto at = here();
  field_ = at == place::one_symbol || at == place::filter ? memory_.find(text) : find_info_field(text);
  if (field_ == info_field::unknown && at == place::one_symbol)
    count_unknown(schema_unknown::kind::field, text);
}

bool body_reader::value(std::string_view text) {
  if (skipped_ > 0)
    return true;
  switch (here()) {
    case place::one_symbol: symbol_value(text); break;
    case place::filter: filter_value(text); break;
    case place::permissions: permission(permissions_, text, false); break;
    case place::permission_sets: permission(permission_sets_, text, false); break;
    case place::permission_group:
      permission(permission_sets_, text, group_begins_);
      group_begins_ = false;
      break;
    case place::body:
      if (field_ == info_field::server_time)
        info_.server_time_ms = to_integer(text).value_or(0);
      else if (field_ == info_field::code)
        code = to_integer(text);
      else if (field_ == info_field::message)
        message = text.substr(0, 512);
      break;
    case place::rate_limit:
      if (field_ == info_field::limit_type)
        limit_type_ = text;
      else if (field_ == info_field::interval)
        interval_ = text;
      else if (field_ == info_field::limit)
        limit_ = to_integer(text);
      else if (field_ == info_field::interval_number)
        interval_number_ = to_integer(text);
      break;
    default: break;
  }
  return true;
}

void body_reader::symbol_value(std::string_view text) {
  switch (field_) {
    case info_field::name: symbol_.name = text; break;
    case info_field::status: symbol_.status_text = text; break;
    case info_field::contract_status: contract_status_ = text; break;
    case info_field::contract_type: symbol_.contract_type = text; break;
    case info_field::base_asset: symbol_.base_asset = text; break;
    case info_field::quote_asset: symbol_.quote_asset = text; break;
    case info_field::base_precision: symbol_.base_precision = to_precision(text); break;
    case info_field::quote_precision: symbol_.quote_precision = to_precision(text); break;
    case info_field::price_precision: symbol_.price_precision = to_precision(text); break;
    case info_field::quantity_precision: symbol_.quantity_precision = to_precision(text); break;
    case info_field::onboard: symbol_.onboard_ms = to_integer(text).value_or(0); break;
    case info_field::delivery: symbol_.delivery_ms = to_integer(text).value_or(0); break;
    default: break;
  }
}

void body_reader::filter_value(std::string_view text) {
  switch (field_) {
    case info_field::filter_type: filter_type_ = text; break;
    case info_field::min_price: filter_.min_price = make_rule(text); break;
    case info_field::max_price: filter_.max_price = make_rule(text); break;
    case info_field::tick_size: filter_.tick_size = make_rule(text); break;
    case info_field::min_quantity: filter_.min_quantity = make_rule(text); break;
    case info_field::max_quantity: filter_.max_quantity = make_rule(text); break;
    case info_field::step_size: filter_.step_size = make_rule(text); break;
    case info_field::min_notional:
    case info_field::notional: notional_ = make_rule(text); break;
    default: break;
  }
}

void body_reader::permission(std::string& list, std::string_view text, bool new_group) {
  if (!list.empty())
    list += new_group ? '&' : '|';
  list += text;
}

void body_reader::finish_filter() {
  if (filter_type_ == "PRICE_FILTER") {
    symbol_.tick_size = filter_.tick_size;
    symbol_.min_price = filter_.min_price;
    symbol_.max_price = filter_.max_price;
  } else if (filter_type_ == "LOT_SIZE") {
    symbol_.step_size = filter_.step_size;
    symbol_.min_quantity = filter_.min_quantity;
    symbol_.max_quantity = filter_.max_quantity;
  } else if (filter_type_ == "MIN_NOTIONAL" || filter_type_ == "NOTIONAL") {
    symbol_.min_notional = notional_;
  } else if (!is_known_filter(filter_type_)) {
    count_unknown(schema_unknown::kind::filter, filter_type_);
  }
}

void body_reader::finish_symbol() {
  if (symbol_.status_text.empty())
    symbol_.status_text = contract_status_;
  symbol_.status = parse_symbol_status(symbol_.status_text);
  if (symbol_.status == symbol_status::unknown)
    count_unknown(schema_unknown::kind::status, symbol_.status_text);
  if (!is_known_contract_type(symbol_.contract_type))
    count_unknown(schema_unknown::kind::contract_type, symbol_.contract_type);
  symbol_.permissions = permission_sets_.empty() ? permissions_ : permission_sets_;
  if (!builder.add(symbol_))
    ++info_.bad_symbols;
}

void body_reader::finish_rate_limit() {
  if (limit_type_ == "REQUEST_WEIGHT" && interval_ == "MINUTE" && interval_number_ == 1 && limit_ && *limit_ > 0)
    info_.weight_per_minute = limit_;
}

void body_reader::count_unknown(schema_unknown::kind what, std::string_view name) {
  const auto known = std::find_if(info_.unknown.begin(), info_.unknown.end(),
                                  [&](const auto& one) { return one.what == what && one.name == name.substr(0, 64); });
  if (known != info_.unknown.end())
    ++known->count;
  else if (info_.unknown.size() < unknown_names_max)
    info_.unknown.push_back({what, std::string{name.substr(0, 64)}, 1});
}

// The code unit of an escape (backslash, u, four digits) that begins at `at`.
std::optional<unsigned> code_unit(std::string_view body, std::size_t at) noexcept {
  if (at + 6 > body.size() || body[at] != '\\' || body[at + 1] != 'u')
    return std::nullopt;
  unsigned unit = 0;
  const auto [end, error] = std::from_chars(body.data() + at + 2, body.data() + at + 6, unit, 16);
  return error == std::errc{} && end == body.data() + at + 6 ? std::optional{unit} : std::nullopt;
}

// Escapes of half a surrogate pair, which RapidJSON refuses the whole body for, become the replacement character.
void replace_lone_surrogates(std::string& body) {
  for (auto at = body.find('\\'); at != std::string::npos; at = body.find('\\', at)) {
    const auto unit = code_unit(body, at);
    if (!unit) {
      at += 2; // an escaped backslash must not begin the next escape
      continue;
    }
    const bool high = *unit >= 0xD800 && *unit < 0xDC00;
    const auto next = high ? code_unit(body, at + 6) : std::nullopt;
    if (next && *next >= 0xDC00 && *next < 0xE000) {
      at += 12;
      continue;
    }
    if (*unit >= 0xD800 && *unit < 0xE000)
      body.replace(at + 2, 4, "FFFD");
    at += 6;
  }
}

rapidjson::ParseResult parse(std::string& body, body_reader& handler) {
  rapidjson::InsituStringStream stream{body.data()};
  rapidjson::Reader reader;
  return reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag>(
    stream, handler);
}

} // namespace

expected<exchange_info, exchange_info_error> read_exchange_info(std::string body, const list_rules& rules) {
  if (body.find('\0') != std::string::npos)
    return unexpected{exchange_info_error{{}, "the body holds a NUL byte"}};
  replace_lone_surrogates(body);
  exchange_info info;
  body_reader handler{info};
  const auto result = parse(body, handler);
  if (result.IsError())
    return unexpected{exchange_info_error{{}, std::string{"the body is not JSON: "}
                                                + rapidjson::GetParseError_En(result.Code()) + " at byte "
                                                + std::to_string(result.Offset())}};
  if (!handler.is_object)
    return unexpected{exchange_info_error{{}, "the body is not a JSON object"}};
  if (!handler.has_symbols)
    return unexpected{exchange_info_error{handler.code, handler.code ? "the exchange answered error "
                                                                           + std::to_string(*handler.code) + ": "
                                                                           + handler.message
                                                                       : "the body has no list of symbols"}};
  handler.builder.server_time(info.server_time_ms);
  info.table = handler.builder.build(rules);
  return info;
}

} // namespace holdfast

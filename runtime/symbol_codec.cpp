#include "runtime/symbol_codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rapidjson/document.h>

#include "runtime/fencing_token.hpp"
#include "runtime/symbol_fingerprint.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

constexpr int format_version = 1;
// The year 2223. Ages are counted in nanoseconds, which hold 292 years.
constexpr std::int64_t time_us_max = 8'000'000'000'000'000;

// A row is an array: texts first, in this order, then the numbers and the number of its permissions.
constexpr auto texts = std::to_array<std::string_view symbol_draft::*>(
  {&symbol_draft::name, &symbol_draft::base_asset, &symbol_draft::quote_asset, &symbol_draft::status_text,
   &symbol_draft::contract_type, &symbol_draft::tick_size, &symbol_draft::step_size, &symbol_draft::min_quantity,
   &symbol_draft::max_quantity, &symbol_draft::min_notional, &symbol_draft::min_price, &symbol_draft::max_price});
constexpr auto times = std::to_array<std::int64_t symbol_draft::*>(
  {&symbol_draft::onboard_ms, &symbol_draft::delivery_ms, &symbol_draft::gone_since_ms});
constexpr auto precisions = std::to_array<std::uint8_t symbol_draft::*>(
  {&symbol_draft::base_precision, &symbol_draft::quote_precision, &symbol_draft::price_precision,
   &symbol_draft::quantity_precision});
constexpr std::size_t row_length = texts.size() + times.size() + precisions.size() + 1;

void append_row(std::string& out, const symbol_draft& one, std::size_t permissions) {
  out += '[';
  for (const auto field : texts) {
    append_json_string(out, one.*field);
    out += ',';
  }
  for (const auto field : times)
    out += std::to_string(one.*field) + ',';
  for (const auto field : precisions)
    out += std::to_string(one.*field) + ',';
  out += std::to_string(permissions) + ']';
}

std::optional<symbol_draft> read_row(const rapidjson::Value& row, const std::vector<std::string_view>& permissions) {
  if (!row.IsArray() || row.Size() != row_length)
    return std::nullopt;
  symbol_draft one;
  rapidjson::SizeType at = 0;
  for (const auto field : texts) {
    const auto& value = row[at++];
    if (!value.IsString())
      return std::nullopt;
    one.*field = {value.GetString(), value.GetStringLength()};
  }
  for (const auto field : times) {
    if (!row[at].IsInt64())
      return std::nullopt;
    one.*field = row[at++].GetInt64();
  }
  for (const auto field : precisions) {
    if (!row[at].IsUint() || row[at].GetUint() > 255)
      return std::nullopt;
    one.*field = static_cast<std::uint8_t>(row[at++].GetUint());
  }
  if (!row[at].IsUint() || row[at].GetUint() >= permissions.size())
    return std::nullopt;
  one.permissions = permissions[row[at].GetUint()];
  return one;
}

std::optional<symbols_source> read_source(std::string_view text) {
  for (const auto source : {symbols_source::none, symbols_source::cache, symbols_source::private_api,
                            symbols_source::public_api, symbols_source::last_good})
    if (text == to_string(source))
      return source;
  return std::nullopt;
}

const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

// Unix microseconds.
std::optional<wall_time> read_time(const rapidjson::Value& document, const char* name) {
  const auto* told = member(document, name);
  if (!told || !told->IsInt64() || told->GetInt64() < 0 || told->GetInt64() > time_us_max)
    return std::nullopt;
  return wall_time{std::chrono::microseconds{told->GetInt64()}};
}

void append_time(std::string& out, std::string_view name, std::optional<wall_time> time) {
  if (time)
    out.append(",\"").append(name).append("\":").append(std::to_string(time->time_since_epoch().count()));
}

using decoded = expected<encoded_symbols, std::string>;

decoded refuse(const char* why) { return unexpected{std::string{why}}; }

// Everything but the table.
decoded read_origin(const rapidjson::Value& document) {
  const auto* version = member(document, "holdfast");
  if (!version || !version->IsInt() || version->GetInt() != format_version)
    return refuse("the value is not a symbol table of this format");
  const auto* source = member(document, "source");
  const auto* token = member(document, "token");
  const auto* sequence = member(document, "sequence");
  const auto* fingerprint = member(document, "fingerprint");
  if (!source || !source->IsString() || !token || !token->IsUint64() || !sequence || !sequence->IsUint64() || !fingerprint
      || !fingerprint->IsString())
    return refuse("the value lacks a field or has one of the wrong type");
  if (token->GetUint64() > token_max)
    return refuse("the token is impossible");
  const auto known_source = read_source({source->GetString(), source->GetStringLength()});
  if (!known_source)
    return refuse("the value names an unknown source");
  encoded_symbols what;
  what.source = *known_source;
  what.fetched_at = read_time(document, "fetched_at_us");
  // A line begins with its first table, whatever clock told otherwise.
  if (what.fetched_at)
    what.judged_since = std::min(read_time(document, "judged_since_us").value_or(*what.fetched_at), *what.fetched_at);
  what.order = {token->GetUint64(), sequence->GetUint64()};
  what.fingerprint.assign(fingerprint->GetString(), fingerprint->GetStringLength());
  return what;
}

expected<symbol_table_ptr, std::string> read_table(const rapidjson::Value& document, const list_rules& rules) {
  const auto* server_time = member(document, "server_time_ms");
  const auto* sets = member(document, "permissions");
  const auto* rows = member(document, "symbols");
  if (!server_time || !server_time->IsInt64() || !sets || !sets->IsArray() || !rows || !rows->IsArray())
    return unexpected{std::string{"the value lacks a field of the table or has one of the wrong type"}};
  std::vector<std::string_view> permissions;
  for (const auto& set : sets->GetArray()) {
    if (!set.IsString())
      return unexpected{std::string{"a set of permissions is not text"}};
    permissions.emplace_back(set.GetString(), set.GetStringLength());
  }
  symbol_table_builder builder;
  builder.reserve(rows->Size());
  builder.server_time(server_time->GetInt64());
  for (const auto& row : rows->GetArray()) {
    const auto one = read_row(row, permissions);
    if (!one || builder.add(*one) == symbol_table_builder::added::refused)
      return unexpected{std::string{"a symbol of the value is not as written"}};
  }
  if (builder.size() == 0)
    return unexpected{std::string{"the value holds no symbol"}};
  return builder.build(rules);
}

} // namespace

std::string encode_symbols(const encoded_symbols& what) {
  if (!what.table)
    return {};
  std::unordered_map<std::string_view, std::size_t> numbers{{std::string_view{}, 0}};
  std::vector<std::string_view> permissions{std::string_view{}};
  std::string rows;
  rows.reserve(what.table->size() * 256);
  for (const auto& one : what.table->symbols()) {
    const auto [known, fresh] = numbers.try_emplace(one.permissions, permissions.size());
    if (fresh)
      permissions.push_back(one.permissions);
    if (!rows.empty())
      rows += ',';
    append_row(rows, symbol_draft::copy(one), known->second);
  }
  std::string out = "{\"holdfast\":" + std::to_string(format_version);
  out += ",\"source\":\"" + std::string{to_string(what.source)} + '"';
  append_time(out, "fetched_at_us", what.fetched_at);
  append_time(out, "judged_since_us", what.judged_since);
  out += ",\"token\":" + std::to_string(what.order.token) + ",\"sequence\":" + std::to_string(what.order.sequence);
  out += ",\"fingerprint\":";
  append_json_string(out, what.fingerprint);
  out += ",\"server_time_ms\":" + std::to_string(what.table->server_time_ms()) + ",\"permissions\":[";
  for (std::size_t i = 0; i < permissions.size(); ++i) {
    if (i > 0)
      out += ',';
    append_json_string(out, permissions[i]);
  }
  out += "],\"symbols\":[" + rows + "]}";
  return out.size() > symbols_text_max ? std::string{} : out;
}

std::optional<std::string> fingerprint_in(std::string_view text) {
  rapidjson::Document document;
  if (text.size() <= symbols_text_max)
    document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject())
    return std::nullopt;
  auto what = read_origin(document);
  return what ? std::optional{std::move(what->fingerprint)} : std::nullopt;
}

decoded decode_symbols(std::string_view text, const list_rules& rules) {
  if (text.size() > symbols_text_max)
    return refuse("the value is larger than a symbol table may be");
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject())
    return refuse("the value is not a JSON object");
  auto what = read_origin(document);
  if (!what)
    return what;
  auto table = read_table(document, rules);
  if (!table)
    return unexpected{table.error()};
  what->table = std::move(*table);
  return what;
}

} // namespace holdfast

#include "runtime/symbol_list.hpp"

#include <array>
#include <utility>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

namespace holdfast {

namespace {

void append_field(std::string& out, std::string_view name, std::string_view text) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

void append_symbol(std::string& out, const symbol& one) {
  out += '{';
  append_field(out, "symbol", one.name);
  append_field(out, "baseAsset", one.base_asset);
  append_field(out, "quoteAsset", one.quote_asset);
  append_field(out, "status", one.status_text);
  if (!one.contract_type.empty())
    append_field(out, "contractType", one.contract_type);
  const std::array<std::pair<std::string_view, const rule_value*>, 5> rules{{{"tickSize", &one.tick_size},
                                                                            {"stepSize", &one.step_size},
                                                                            {"minQty", &one.min_quantity},
                                                                            {"maxQty", &one.max_quantity},
                                                                            {"minNotional", &one.min_notional}}};
  for (const auto& [name, rule] : rules)
    if (!rule->written.empty())
      append_field(out, name, rule->text());
  out += '}';
}

std::string_view text_of(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString())
    return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

symbol_draft read_symbol(const rapidjson::Value& object) {
  return {.name = text_of(object, "symbol"),
          .base_asset = text_of(object, "baseAsset"),
          .quote_asset = text_of(object, "quoteAsset"),
          .tick_size = text_of(object, "tickSize"),
          .step_size = text_of(object, "stepSize"),
          .min_quantity = text_of(object, "minQty"),
          .max_quantity = text_of(object, "maxQty"),
          .min_notional = text_of(object, "minNotional"),
          .status_text = text_of(object, "status"),
          .contract_type = text_of(object, "contractType")};
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  out += '"';
}

std::string write_symbol(const symbol& one) {
  std::string out;
  append_symbol(out, one);
  return out;
}

std::string write_symbol_list(const symbol_table& table) {
  std::string out;
  out.reserve(2 + table.listed().size() * 224);
  out += '[';
  for (const auto& one : table.list()) {
    if (out.size() > 1)
      out += ',';
    append_symbol(out, one);
  }
  out += ']';
  out.shrink_to_fit();
  return out;
}

expected<symbol_table_ptr, std::string> read_symbol_list(std::string_view text, const list_rules& rules) {
  if (text.size() > symbols_text_max)
    return unexpected{"the value has " + std::to_string(text.size()) + " bytes, more than a symbol list may have"};
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError())
    return unexpected{std::string{"the value is not JSON: "} + rapidjson::GetParseError_En(document.GetParseError())};
  if (!document.IsArray())
    return unexpected{std::string{"the value is not an array of symbols"}};
  symbol_table_builder builder;
  builder.reserve(document.Size());
  for (const auto& element : document.GetArray()) {
    if (!element.IsObject())
      return unexpected{std::string{"an element of the array is not an object"}};
    const auto one = read_symbol(element);
    if (one.base_asset.empty() || one.quote_asset.empty() || one.status_text.empty())
      return unexpected{std::string{"an element lacks one of symbol, baseAsset, quoteAsset, status"}};
    if (builder.add(one) != symbol_table_builder::added::listable)
      return unexpected{std::string{"an element has an unusable or repeated symbol, or an unusable asset"}};
  }
  if (builder.size() == 0)
    return unexpected{std::string{"the array is empty"}};
  return builder.build(rules);
}

} // namespace holdfast

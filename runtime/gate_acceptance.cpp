#include "runtime/gate_acceptance.hpp"

#include <algorithm>

#include <rapidjson/document.h>

#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

constexpr std::size_t pins_max = 256;

bool is_there(const symbol_table& table, std::string_view name) noexcept {
  const auto* one = table.find(name);
  return one && one->status != symbol_status::gone;
}

const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::int64_t number(const rapidjson::Value& object, const char* name) {
  const auto* value = member(object, name);
  return value && value->IsInt64() ? value->GetInt64() : 0;
}

} // namespace

void gate_acceptance::let_go(const std::vector<std::string>& pinned, const symbol_table& table) {
  for (const auto& name : pinned)
    if (!is_there(table, name) && std::find(pins.begin(), pins.end(), name) == pins.end() && pins.size() < pins_max)
      pins.push_back(name);
}

bool gate_acceptance::demand_again(const symbol_table& table) {
  return std::erase_if(pins, [&](const auto& name) { return is_there(table, name); }) > 0;
}

std::string write_acceptance(const gate_acceptance& what) {
  std::string text = "{\"pins\":[";
  for (const auto& name : what.pins) {
    text += text.back() == '[' ? "" : ",";
    append_json_string(text, name);
  }
  return text + "],\"time_ms\":" + std::to_string(what.time_ms) + ",\"time_before_ms\":" + std::to_string(what.time_before_ms)
         + "}\n";
}

std::optional<gate_acceptance> read_acceptance(std::string_view text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject())
    return std::nullopt;
  gate_acceptance what;
  if (const auto* pins = member(document, "pins"); pins && pins->IsArray())
    for (const auto& name : pins->GetArray())
      if (name.IsString() && what.pins.size() < pins_max)
        what.pins.emplace_back(name.GetString(), name.GetStringLength());
  what.time_ms = number(document, "time_ms");
  what.time_before_ms = number(document, "time_before_ms");
  return what;
}

} // namespace holdfast

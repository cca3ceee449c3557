#include "tests/support/runtime_simple_exchange_info.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "runtime/exchange_info.hpp"
#include "runtime/utf8.hpp"
#include "tests/support/runtime_simple_json.hpp"

namespace holdfast::test {

namespace {

using kind = simple_json::kind;
using texts = std::map<std::string, std::string>;

const std::vector<std::string> kept_fields{"symbol",         "status",           "contractType",   "baseAsset",
                                           "quoteAsset",     "onboardDate",      "deliveryDate",   "baseAssetPrecision",
                                           "quotePrecision", "pricePrecision",   "quantityPrecision"};

std::optional<std::int64_t> integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

std::string number(const std::string& text, std::int64_t most) {
  const auto value = integer(text);
  return std::to_string(value && (most == 0 || (*value >= 0 && *value <= most)) ? *value : 0);
}

std::string kept(const std::string& text) { return text.size() <= 256 && is_clean_utf8(text) ? text : ""; }

// The last text under each key.
texts last_texts(const simple_json& object) {
  texts out;
  for (std::size_t i = 0; i < object.keys.size(); ++i)
    if (object.elements[i].is == kind::text)
      out[object.keys[i] == "quoteAssetPrecision" ? "quotePrecision" : object.keys[i]] = object.elements[i].text;
  return out;
}

std::string alternatives(const simple_json& list) {
  std::string out;
  for (const auto& one : list.elements) {
    const bool readable = one.is == kind::text && !one.text.empty() && one.text.find_first_of("&|") == std::string::npos
                          && is_clean_utf8(one.text);
    out += (out.empty() ? "" : "|") + (readable ? one.text : "?");
  }
  return out;
}

std::string permission_sets(const simple_json& sets) {
  const auto groups = std::count_if(sets.elements.begin(), sets.elements.end(), [](const auto& one) { return one.is == kind::array; });
  if (groups == 0)
    return alternatives(sets);
  if (static_cast<std::size_t>(groups) != sets.elements.size())
    return "?";
  std::string out;
  for (const auto& group : sets.elements)
    out += (out.empty() ? "" : "&") + (group.elements.empty() ? "?" : alternatives(group));
  return out;
}

void apply_filter(texts& symbol, const simple_json& filter) {
  // One field in two spellings: the last one written counts.
  simple_json same = filter;
  std::replace(same.keys.begin(), same.keys.end(), std::string{"notional"}, std::string{"minNotional"});
  auto said = last_texts(same);
  const auto type = said["filterType"];
  if (type == "PRICE_FILTER")
    for (const auto* key : {"tickSize", "minPrice", "maxPrice"})
      symbol[key] = said[key];
  if (type == "LOT_SIZE")
    for (const auto* key : {"stepSize", "minQty", "maxQty"})
      symbol[key] = said[key];
  if (type == "MIN_NOTIONAL" || type == "NOTIONAL") {
    auto& least = symbol["minNotional"];
    const auto& other = said["minNotional"];
    const auto a = decimal::parse(least), b = decimal::parse(other);
    if (least.empty() || (a && b ? *a < *b : !a && !other.empty()))
      least = other;
  }
}

texts read_symbol(const simple_json& object) {
  auto said = last_texts(object);
  texts out;
  for (const auto& field : kept_fields)
    out[field] = said[field];
  if (out["status"].empty())
    out["status"] = said["contractStatus"];
  std::string sets;
  for (std::size_t i = 0; i < object.keys.size(); ++i) {
    const auto& key = object.keys[i];
    const auto& value = object.elements[i];
    const bool said_at_all = value.is != kind::other;
    if (key == "permissions" && said_at_all)
      out["permissions"] = value.is == kind::array ? alternatives(value) : "?";
    if (key == "permissionSets" && said_at_all)
      sets = value.is == kind::array ? permission_sets(value) : "?";
    if (key == "filters" && value.is == kind::array)
      for (const auto& filter : value.elements)
        if (filter.is == kind::object)
          apply_filter(out, filter);
  }
  const auto permissions = sets.empty() ? out["permissions"] : sets;
  for (const auto* field : {"onboardDate", "deliveryDate"})
    out[field] = number(out[field], 0);
  for (const auto* field : {"baseAssetPrecision", "quotePrecision", "pricePrecision", "quantityPrecision"})
    out[field] = number(out[field], 255);
  for (auto& [key, text] : out)
    text = kept(text);
  out["permissions"] = permissions;
  out["symbol"] = said["symbol"];
  return out;
}

texts described(const symbol& one) {
  texts out{{"symbol", std::string{one.name}}, {"baseAsset", std::string{one.base_asset}},
            {"quoteAsset", std::string{one.quote_asset}}};
  for (const auto& [key, text] : std::map<std::string, std::string_view>{
         {"status", one.status_text}, {"contractType", one.contract_type}, {"permissions", one.permissions},
         {"tickSize", one.tick_size.text()}, {"stepSize", one.step_size.text()}, {"minQty", one.min_quantity.text()},
         {"maxQty", one.max_quantity.text()}, {"minNotional", one.min_notional.text()},
         {"minPrice", one.min_price.text()}, {"maxPrice", one.max_price.text()}})
    out[key] = text;
  out["onboardDate"] = std::to_string(one.onboard_ms);
  out["deliveryDate"] = std::to_string(one.delivery_ms);
  out["baseAssetPrecision"] = std::to_string(one.base_precision);
  out["quotePrecision"] = std::to_string(one.quote_precision);
  out["pricePrecision"] = std::to_string(one.price_precision);
  out["quantityPrecision"] = std::to_string(one.quantity_precision);
  return out;
}

struct simple_info {
  std::vector<texts> symbols;
  std::uint64_t bad = 0;
  bool has_symbols = false;
};

simple_info read_body(const simple_json& body) {
  simple_info info;
  std::set<std::string> names;
  for (std::size_t i = 0; i < body.keys.size(); ++i) {
    const auto& value = body.elements[i];
    if (body.keys[i] != "symbols" || value.is != kind::array)
      continue;
    info.has_symbols = true;
    for (const auto& element : value.elements) {
      auto one = element.is == kind::object ? read_symbol(element) : texts{};
      const auto& name = one["symbol"];
      const bool usable = !name.empty() && name.size() <= 64 && is_clean_utf8(name) && names.insert(name).second;
      info.bad += !usable || one["baseAsset"].empty() || one["quoteAsset"].empty() ? 1 : 0;
      if (usable)
        info.symbols.push_back(std::move(one));
    }
  }
  return info;
}

} // namespace

std::optional<std::string> difference_between_readers(std::string_view body) {
  const auto real = read_exchange_info(std::string{body}, {});
  simple_json_reader reader{body};
  const auto tree = reader.read();
  if (reader.beyond)
    return std::nullopt;
  const auto simple = tree && tree->is == kind::object ? read_body(*tree) : simple_info{};
  if (!simple.has_symbols)
    return real ? std::optional{std::string{"only the real reader takes it"}} : std::nullopt;
  if (!real)
    return "only the simple reader takes it: " + real.error().message;
  if (real->bad_symbols != simple.bad)
    return "bad symbols " + std::to_string(real->bad_symbols) + " against " + std::to_string(simple.bad);
  if (real->table->size() != simple.symbols.size())
    return "symbols " + std::to_string(real->table->size()) + " against " + std::to_string(simple.symbols.size());
  for (std::size_t i = 0; i < simple.symbols.size(); ++i) {
    const auto ours = described(real->table->symbols()[i]);
    for (const auto& [key, text] : ours) {
      const auto theirs = simple.symbols[i].find(key);
      if (text != (theirs == simple.symbols[i].end() ? std::string{} : theirs->second))
        return key + " of symbol " + std::to_string(i) + " is '" + text + "' against '"
               + (theirs == simple.symbols[i].end() ? std::string{} : theirs->second) + "'";
    }
  }
  return std::nullopt;
}

} // namespace holdfast::test

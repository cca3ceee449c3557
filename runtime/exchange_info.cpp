#include "runtime/exchange_info.hpp"

#include <utility>

#include <rapidjson/error/en.h>

#include "runtime/exchange_info_reader.hpp"
#include "runtime/json_repair.hpp"

namespace holdfast {

namespace {

// Numbers beyond what RapidJSON takes, in one body.
constexpr unsigned repairs_max = 16;
// Of the leanest bodies, so that the table hardly ever grows while it is read.
constexpr std::size_t bytes_per_symbol = 1024;

rapidjson::ParseResult parse(std::string& body, exchange_info_reader& handler) {
  constexpr unsigned flags
    = rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::InsituStringStream stream{body.data()};
  rapidjson::Reader reader;
  const auto result = reader.Parse<flags>(stream, handler);
  // RapidJSON takes a NUL for the end of the text.
  if (!result.IsError() && stream.Tell() != body.size())
    return {rapidjson::kParseErrorDocumentRootNotSingular, stream.Tell()};
  return result;
}

exchange_info_error error_of(const rapidjson::ParseResult& result, const exchange_info_reader& handler) {
  if (handler.too_deep)
    return {{}, "the body is nested too deeply"};
  if (result.IsError())
    return {{}, std::string{"the body is not JSON: "} + rapidjson::GetParseError_En(result.Code()) + " at byte "
                  + std::to_string(result.Offset())};
  if (!handler.is_object)
    return {{}, "the body is not a JSON object"};
  if (handler.code)
    return {handler.code, "the exchange answered error " + std::to_string(*handler.code) + ": " + handler.message};
  return {{}, "the body has no list of symbols"};
}

} // namespace

expected<exchange_info, exchange_info_error> read_exchange_info(std::string body, const list_rules& rules) {
  const bool has_escapes = replace_lone_surrogates(body);
  // Escapes shrink while they are read in place: what holds some must be kept for a second try.
  auto spare = has_escapes ? body : std::string{};
  for (unsigned repaired = 0;; ++repaired) {
    exchange_info info;
    exchange_info_reader handler{info};
    handler.builder.reserve(body.size() / bytes_per_symbol);
    const auto result = parse(body, handler);
    if (!result.IsError() && handler.has_symbols) {
      handler.builder.server_time(info.server_time_ms);
      info.table = handler.builder.build(rules);
      return info;
    }
    if (result.Code() != rapidjson::kParseErrorNumberTooBig || repaired == repairs_max)
      return unexpected{error_of(result, handler)};
    auto& whole = has_escapes ? spare : body;
    if ((!has_escapes && !restore_quotes(body, result.Offset())) || !replace_number(whole, result.Offset()))
      return unexpected{error_of(result, handler)};
    if (has_escapes)
      body = spare;
  }
}

} // namespace holdfast

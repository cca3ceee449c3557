#include "runtime/exchange_info.hpp"

#include <charconv>
#include <utility>

#include <rapidjson/error/en.h>

#include "runtime/exchange_info_reader.hpp"

namespace holdfast {

namespace {

// Of the leanest bodies, so that the table hardly ever grows while it is read.
constexpr std::size_t bytes_per_symbol = 1024;

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

rapidjson::ParseResult parse(std::string& body, exchange_info_reader& handler) {
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
  exchange_info_reader handler{info};
  handler.builder.reserve(body.size() / bytes_per_symbol);
  const auto result = parse(body, handler);
  if (handler.too_deep)
    return unexpected{exchange_info_error{{}, "the body is nested too deeply"}};
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

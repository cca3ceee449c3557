#include "runtime/json_repair.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace holdfast {

namespace {

// The code unit of an escape (backslash, u, four digits) that begins at `at`.
std::optional<unsigned> code_unit(std::string_view body, std::size_t at) noexcept {
  if (at + 6 > body.size() || body[at] != '\\' || body[at + 1] != 'u')
    return std::nullopt;
  unsigned unit = 0;
  const auto [end, error] = std::from_chars(body.data() + at + 2, body.data() + at + 6, unit, 16);
  return error == std::errc{} && end == body.data() + at + 6 ? std::optional{unit} : std::nullopt;
}

} // namespace

bool replace_lone_surrogates(std::string& body) {
  const auto first = body.find('\\');
  for (auto at = first; at != std::string::npos; at = body.find('\\', at)) {
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
  return first != std::string::npos;
}

bool replace_number(std::string& body, std::size_t at) {
  constexpr std::string_view null = "null";
  const auto end = std::min(body.find_first_not_of("+-.eE0123456789", at), body.size());
  if (at + null.size() > end)
    return false;
  body.replace(at, end - at, std::string{null} + std::string(end - at - null.size(), ' '));
  return true;
}

bool restore_quotes(std::string& body, std::size_t end) {
  if (body.find('\0', end) != std::string::npos)
    return false;
  std::replace(body.begin(), body.end(), '\0', '"');
  return true;
}

} // namespace holdfast

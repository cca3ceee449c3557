#include "runtime/http_arrival.hpp"

#include <algorithm>
#include <new>

namespace holdfast {

namespace {

constexpr std::size_t headers_max = 100;

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view blank = " \t\r\n";
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

} // namespace

std::size_t take_http_body(char* data, std::size_t, std::size_t bytes, void* target) noexcept {
  auto& here = *static_cast<http_arrival*>(target);
  if (bytes > here.body_max - here.answer.body.size()) {
    here.too_large = true;
    return 0;
  }
  try {
    here.answer.body.append(data, bytes);
  } catch (const std::bad_alloc&) {
    here.too_large = true;
    return 0;
  }
  return bytes;
}

std::size_t take_http_header(char* data, std::size_t, std::size_t bytes, void* target) noexcept {
  auto& here = *static_cast<http_arrival*>(target);
  const std::string_view line{data, bytes};
  if (line.starts_with("HTTP/")) {
    here.answer.headers.clear(); // an interim answer came before
    return bytes;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || here.answer.headers.size() >= headers_max)
    return bytes;
  try {
    std::string name{trim(line.substr(0, colon))};
    std::transform(name.begin(), name.end(), name.begin(), lower);
    here.answer.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return bytes;
}

std::optional<std::string_view> http_answer::header(std::string_view name) const noexcept {
  for (const auto& [known, value] : headers)
    if (known == name)
      return value;
  return std::nullopt;
}

} // namespace holdfast

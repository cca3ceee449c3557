#include "runtime/counter_key.hpp"

#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

bool is_reserved(std::string_view key) noexcept {
  return key.starts_with("cache:") || key.starts_with("rate_limit:") || key.starts_with("holdfast:");
}

std::optional<key_fault> fault_of_metric(std::string_view segments) noexcept {
  if (segments.find(':') == std::string_view::npos)
    return segments.empty() ? key_fault::empty : key_fault::no_context;
  for (std::size_t begin = 0;;) {
    const auto end = segments.find(':', begin);
    if (const auto why = fault_of_segment(segments.substr(begin, end - begin)))
      return why;
    if (end == std::string_view::npos)
      return std::nullopt;
    begin = end + 1;
  }
}

} // namespace

std::optional<key_fault> fault_of_segment(std::string_view segment) noexcept {
  if (segment.empty())
    return key_fault::empty;
  if (segment.size() > counter_key_bytes_max)
    return key_fault::too_long;
  for (const char c : segment) {
    if (c == '{' || c == '}')
      return key_fault::brace;
    if (!is_segment_character(c))
      return key_fault::bad_character;
  }
  return std::nullopt;
}

std::optional<key_fault> fault_of_counter_key(std::string_view key) noexcept {
  if (key.empty())
    return key_fault::empty;
  if (key.size() > counter_key_bytes_max)
    return key_fault::too_long;
  if (key.starts_with(metric_prefix))
    return fault_of_metric(key.substr(metric_prefix.size()));
  if (is_reserved(key))
    return key_fault::reserved;
  for (const char c : key) {
    if (c == '{' || c == '}')
      return key_fault::brace;
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return key_fault::blank;
  }
  if (!is_clean_utf8(key))
    return key_fault::not_utf8;
  return std::nullopt;
}

std::string_view type_of_metric(std::string_view key) noexcept {
  if (!key.starts_with(metric_prefix))
    return {};
  key.remove_prefix(metric_prefix.size());
  const auto colon = key.find(':');
  return colon == std::string_view::npos ? std::string_view{} : key.substr(0, colon);
}

} // namespace holdfast

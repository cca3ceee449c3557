#include "config/metric_keys.hpp"

#include <algorithm>

namespace holdfast {

namespace {

constexpr std::size_t segment_bytes_max = 64;
constexpr std::size_t values_max = 64;

constexpr bool stays(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

} // namespace

std::string metric_segment(std::string_view text) {
  if (text.empty())
    return "none";
  std::string segment{text.substr(0, segment_bytes_max)};
  std::replace_if(segment.begin(), segment.end(), [](char c) { return !stays(c); }, '_');
  return segment;
}

std::string metric_key(std::string_view type, std::string_view context) {
  return std::string{"metrics:"}.append(type).append(":").append(context);
}

std::string metric_values::key(std::string_view type, std::string_view value) {
  const auto segment = metric_segment(value);
  std::lock_guard guard{mutex_};
  auto& known = known_[std::string{type}];
  if (!known.contains(segment) && known.size() >= values_max)
    return metric_key(type, "other");
  known.insert(segment);
  return metric_key(type, segment);
}

} // namespace holdfast

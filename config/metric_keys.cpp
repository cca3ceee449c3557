#include "config/metric_keys.hpp"

#include <algorithm>

namespace holdfast {

namespace {

constexpr std::size_t outside_bytes_max = 64;
constexpr std::size_t values_max = 64;

std::string join(std::string_view type, std::string_view context) {
  return std::string{metric_prefix}.append(type).append(":").append(context);
}

} // namespace

expected<std::string, key_fault> build_metric_key(std::string_view type, std::string_view context) {
  for (const auto segment : {type, context})
    if (const auto why = fault_of_segment(segment))
      return unexpected{*why};
  auto key = join(type, context);
  if (key.size() > counter_key_bytes_max)
    return unexpected{key_fault::too_long};
  return key;
}

std::string metric_segment(std::string_view text) {
  if (text.empty())
    return "none";
  std::string segment{text.substr(0, outside_bytes_max)};
  std::replace_if(segment.begin(), segment.end(), [](char c) { return !is_segment_character(c); }, '_');
  return segment;
}

std::string metric_values::key(std::string_view type, std::string_view value) {
  const auto segment = metric_segment(value);
  std::lock_guard guard{mutex_};
  auto& known = known_[std::string{type}];
  if (!known.contains(segment) && known.size() >= values_max) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return join(type, "other");
  }
  known.insert(segment);
  return join(type, segment);
}

} // namespace holdfast

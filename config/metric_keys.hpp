// The one builder of counter keys metrics:<type>:<context>, and what becomes of text from outside that is to be in one: the
// context must stay a segment of letters, digits, `_`, `.` and `-`, and must not become a million keys.
// runtime/counter_key.hpp says which keys are valid; globs are for questions only and never pass here.
//
// Threads  any.
// Bounds   text from outside: segments of at most 64 bytes; at most 64 values per type and process, then `other`.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include <holdfast/runtime/counter_key.hpp>
#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/export.hpp>

namespace holdfast {

// metrics:<type>:<context>. An error where either is no segment (a `:`, a line end, a brace, nothing in it, ...) or both
// together are too long.
HOLDFAST_EXPORT expected<std::string, key_fault> build_metric_key(std::string_view type, std::string_view context);

// Text from outside as a segment: other bytes become `_`, nothing becomes `none`.
HOLDFAST_EXPORT std::string metric_segment(std::string_view text);

class HOLDFAST_EXPORT metric_values {
public:
  // metrics:<type>:<segment of value>, or metrics:<type>:other for one value too many. Pre: `type` is a segment.
  std::string key(std::string_view type, std::string_view value);
  // How often `other` was answered.
  std::uint64_t left_out() const noexcept { return left_out_.load(std::memory_order_relaxed); }

private:
  std::mutex mutex_;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> known_;
  std::atomic<std::uint64_t> left_out_{0};
};

} // namespace holdfast

// Counter keys that hold text from outside: metrics:<type>:<context>, where the context must stay a segment of letters,
// digits, `_`, `.` and `-`, and must not become a million keys.
//
// Threads  metric_key() and metric_segment(): any. metric_values: any.
// Bounds   segments of at most 64 bytes; at most 64 values per type and process, then `other`.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include <holdfast/runtime/export.hpp>

namespace holdfast {

// Other bytes become `_`, nothing becomes `none`.
HOLDFAST_EXPORT std::string metric_segment(std::string_view text);

// Pre: `type` and `context` are segments.
HOLDFAST_EXPORT std::string metric_key(std::string_view type, std::string_view context);

class HOLDFAST_EXPORT metric_values {
public:
  // metrics:<type>:<segment of value>, or metrics:<type>:other for one value too many.
  std::string key(std::string_view type, std::string_view value);

private:
  std::mutex mutex_;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> known_;
};

} // namespace holdfast

// The smooth limit (GCRA, the generic cell rate algorithm of ITU-T I.371): an admission moves the theoretical arrival time
// on by window / limit, and may come at most a window ahead of it: a burst of `limit`, then an even flow, and in no half
// open window more than 2 x limit - 1. Exact: the time has a fraction of `limit` parts of a microsecond.
//
// State   "hfs1" | skew 8 | last 8 | arrival 8 | fraction 8 | parts 8   (big-endian)
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/runtime/rate_decision.hpp>

namespace holdfast {

class smooth_rate {
public:
  // Takes the bytes for empty where they are none of ours.
  explicit smooth_rate(const std::string& bytes);

  // Pre: limit * window_us <= 2^53.
  rate_outcome decide(const rate_request& request, std::int64_t now_us);

  const std::string& bytes() const noexcept { return bytes_; }

private:
  struct moment {
    std::int64_t us;
    std::int64_t fraction; // of 1/limit microseconds each
  };
  moment later(const rate_rule& rule, std::int64_t amount) const noexcept;
  std::int64_t free(const rate_rule& rule) const noexcept;
  bool begin(const rate_rule& rule, std::int64_t now_us);
  void force(const rate_request& request);

  std::string bytes_;
  std::int64_t skew_ = 0;
  std::int64_t last_ = 0;
  std::int64_t now_ = 0;
  moment arrival_{0, 0};
  std::int64_t parts_ = 1;
};

} // namespace holdfast

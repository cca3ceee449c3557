// Decides rate limits, as pure functions on a state of bytes: the same bytes, and the same answers, as the script that
// decides in Redis (actors/redis_scripts_rate_limit.hpp). The embedded store and every local decision use this one.
//
// Time     integer microseconds of one clock, given by the caller; a clock that goes back is taken to have stood still
//          since the last admission, so that nothing is forgotten too early.
// State    empty before the first admission. Bytes that are no state of ours count as empty; a key ruled by the other
//          algorithm counts as used up until it expires.
// Bounds   12.1 KB of state; 128 amounts in one request.
// Threads  any: no state but the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/rate_limit.hpp>

namespace holdfast {

inline constexpr std::size_t rate_amounts_max = 128; // of one request

// Decisions about one key at one moment, in their order.
struct rate_request {
  rate_rule rule; // of the key; may differ from the one its state was written under
  std::vector<std::uint32_t> amounts; // 0 only looks
  std::int64_t hold_us = 0; // what is admitted may be used as late as this, and is counted until a window after that
  // 0: each amount whole or not at all. Else as much of each as there is, where there is so much at least; a refusal then
  // tells when so much comes free. `rolling` only.
  std::int64_t least = 0;
  std::int64_t forced = 0;  // admitted before without the store: counts first, whether or not there is room
};

struct rate_verdict { // about one amount
  bool allowed = false; // false: nothing is granted
  std::int64_t granted = 0;        // where the request has a `least` maybe less than asked for
  std::int64_t remaining = 0;      // after this decision
  std::int64_t retry_after_us = 0; // of a refusal: when it would be granted if nobody else came; -1: never
};
// In every member.
HOLDFAST_EXPORT bool operator==(const rate_verdict& a, const rate_verdict& b) noexcept;

struct rate_outcome { // of one request
  std::vector<rate_verdict> verdicts; // as many as amounts
  bool changed = false;               // the state was written: keep it
  std::int64_t expires_in_ms = 0;     // when nothing in the state counts any more
  bool until_expiry = false;          // the key is the other algorithm's: refused until it expires, a window at most
};

// `state` is what the last outcome left, and becomes what is to be kept. `now_us`: microseconds of one clock.
HOLDFAST_EXPORT rate_outcome decide(std::string& state, const rate_request& request, std::int64_t now_us);

} // namespace holdfast

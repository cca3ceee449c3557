// What a rate limit is, and which ones are refused before anybody asks a store.
//
//   rate_limit:<subject>:<action>     at most `limit` admissions over any window of length `window`
//
// Windows  half open: of two admissions exactly one window apart, one counts.
// Bounds   see the constants; `limit` times `window` in microseconds at most 2^53 for `smooth` (its sums stay exact).
// Errors   one typed error with words that name the thing, its value and what is accepted.
// Threads  any: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/export.hpp>

namespace holdfast {

enum class rate_algorithm : std::uint8_t { // docs/rate-limits.md has the bounds of each
  rolling, // exact: over any window at most `limit`; see rolling_window.hpp for limits above 1,000
  smooth,  // GCRA: a burst of `limit`, then one every window / limit; up to 2 x limit - 1 in a window
};

enum class rate_mode : std::uint8_t { // who decides
  exact,  // the store decides every time
  leased, // the process takes a share at a time and decides by itself while it lasts
};

// What is answered while the store is away.
enum class away_policy : std::uint8_t {
  open,   // everything is allowed
  closed, // everything is refused
  local,  // this process's fair share of the limit is allowed
};

struct limiter_options { // how a limit is kept
  rate_mode mode = rate_mode::exact; // `leased` wants a rolling limit with a window of 1 s at least
  rate_algorithm algorithm = rate_algorithm::rolling; // `smooth`: for rate_mode::exact only
  away_policy when_away = away_policy::local; // whose answer holds while the store is away or late
  bool shadow = false;      // decide and count, always allow
  int near_percent = 90;    // an admission that leaves this much of the limit used counts as near
  std::chrono::nanoseconds deadline = std::chrono::milliseconds{50}; // for the store's answer, then `when_away` decides
  // Of a lease; 0: an eighth of the limit within lease_share_max, and a sixteenth of the window within [100 ms, 10 s].
  std::int64_t lease_share = 0;
  std::chrono::nanoseconds lease_for{0}; // how long one is used; 0: the sixteenth; else from lease_for_min to the window
};

inline constexpr std::int64_t rate_limit_max = 1'000'000'000; // admissions per window; 1 at least
inline constexpr std::chrono::milliseconds rate_window_min{1}; // of any limit; windows are whole microseconds
inline constexpr std::chrono::hours rate_window_max{31 * 24}; // 31 days, of any limit
inline constexpr std::chrono::seconds leased_window_min{1};    // of limits in rate_mode::leased
inline constexpr std::chrono::milliseconds lease_for_min{100}; // of limiter_options::lease_for
inline constexpr std::int64_t lease_share_max = (std::int64_t{1} << 24) - 1; // what is left of a lease has 24 bits
inline constexpr std::chrono::seconds rate_deadline_max{60};   // of limiter_options::deadline and of a call's own
inline constexpr std::size_t rate_subject_bytes_max = 128; // 1 at least
inline constexpr std::size_t rate_action_bytes_max = 64; // 1 at least
inline constexpr std::string_view rate_limit_prefix = "rate_limit:"; // what every key begins with, the subject comes next

enum class rate_limit_error : std::uint8_t { // what is wrong with a limit
  none,
  bad_key,      // not rate_limit:<subject>:<action>
  bad_subject,  // empty, too long, or with a colon, a brace, a blank or a control character
  bad_action,   // empty, too long, or with anything but letters, digits, `_`, `.` and `-`
  bad_limit,    // zero, negative or more than rate_limit_max
  bad_window,   // zero, negative, too short, too long, or too long for this limit
  bad_options,  // a lease or a deadline that cannot be
};

struct rate_limit_refusal { // why, and the same in words for people
  rate_limit_error why = rate_limit_error::none; // for code; `none`: nothing is wrong
  std::string text; // names the thing, its value and what is accepted
};

struct rate_rule {                                    // what a state is judged by
  std::int64_t limit = 1;                             // admissions over any window
  std::int64_t window_us = 1'000'000;                 // microseconds
  rate_algorithm algorithm = rate_algorithm::rolling; // one key has one: by the other it counts as used up until it expires
};

// A limit that can be kept. Made by check_rate_limit alone.
struct rate_limit {
  std::string key; // whole, as asked for: rate_limit:<subject>:<action>
  std::string action; // the last segment of the key: its decisions are counted under it
  rate_rule rule; // the window in whole microseconds; within the bounds above
  limiter_options options; // lease_share and lease_for filled in
};

// Asks nobody: what is wrong with a limit is wrong everywhere.
HOLDFAST_EXPORT expected<rate_limit, rate_limit_refusal> check_rate_limit(std::string_view key, std::int64_t limit,
                                                          std::chrono::nanoseconds window, const limiter_options& options);

// rate_limit:<subject>:<action>, or why not.
HOLDFAST_EXPORT expected<std::string, rate_limit_refusal> rate_limit_key(std::string_view subject, std::string_view action);

} // namespace holdfast

// How long the exchange forbids us to ask: from a 429 or 418 answer, or an error body of code -1003.
//
// Source   Binance REST API: `Retry-After` in seconds; 418 bodies say "banned until <Unix milliseconds>". HTTP also
//          allows a date there (RFC 9110).
// Clocks   a date is compared with the answer's own `Date` where it has one: this machine's clock may be wrong.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/http_transfer.hpp>

namespace holdfast {

// A ban lasts at most three days; whatever says more is taken for that and a margin.
inline constexpr std::chrono::seconds embargo_max = std::chrono::hours{73};

// Seconds or an HTTP date, between 1 s and embargo_max; none where it is neither, or nothing to wait for (zero, a
// negative number, a date that is over).
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, wall_time now);

// The longest of header and body; none where neither tells.
std::optional<std::chrono::seconds> told_embargo(const http_answer& answer, wall_time now);

// The same; `fallback` where neither tells.
std::chrono::seconds embargo_of(const http_answer& answer, wall_time now, std::chrono::seconds fallback);

// The exchange's time by the answer's `Date` header; `now` where it has none.
wall_time answered_at(const http_answer& answer, wall_time now);

} // namespace holdfast

// How long the exchange forbids us to ask: from a 429 or 418 answer, or an error body of code -1003.
//
// Source  Binance REST API: `Retry-After` in seconds; 418 bodies say "banned until <Unix milliseconds>". HTTP also
//         allows a date there (RFC 9110).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/http_transfer.hpp>

namespace holdfast {

// A ban lasts at most three days; whatever says more is taken for that.
inline constexpr std::chrono::seconds embargo_max = std::chrono::hours{73};

// Seconds or an HTTP date, between 1 s and embargo_max; none where it is neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, wall_time now);

// The longest of header and body; `fallback` where neither tells.
std::chrono::seconds embargo_of(const http_answer& answer, wall_time now, std::chrono::seconds fallback);

} // namespace holdfast

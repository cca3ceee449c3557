// Which names counters may have. A metric key is metrics:<type>:<context>, of non-empty segments of letters, digits, `_`,
// `.` and `-`; the context may have several segments. Keys of other programs' own making (orders:sent) are UTF-8, free of
// blanks, control characters and braces. What is under cache:, rate_limit: and holdfast: is never a counter.
//
// Threads  any.
// Bounds   `counter_key_bytes_max` in all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <holdfast/runtime/export.hpp>

namespace holdfast {

inline constexpr std::size_t counter_key_bytes_max = 200;     // all that a row of the ledger has room for
inline constexpr std::string_view metric_prefix = "metrics:"; // with the colon; a key with it must be a metric key

// Why a key, or a segment of one, is refused.
enum class key_fault : std::uint8_t {
  empty,           // no key, or a segment with nothing in it
  too_long,
  bad_character,   // in a segment: anything but letters, digits, `_`, `.` and `-`; `:` and line ends, too
  brace,           // { or }: they decide where a cluster keeps a key
  blank,           // a blank or control character in a key that is no metric key
  no_context,      // metrics:<type> alone
  reserved,        // cache:, rate_limit: or holdfast:
  not_utf8,        // what is told of counters is JSON and Prometheus text
};

// For people: what is accepted instead.
constexpr std::string_view explain(key_fault why) noexcept {
  constexpr std::array<std::string_view, 8> words{
    "a segment is empty",
    "more than 200 bytes",
    "a segment has letters, digits, '_', '.' and '-' only",
    "braces are not accepted",
    "blanks and control characters are not accepted",
    "a metric key is metrics:<type>:<context>",
    "cache:, rate_limit: and holdfast: are no counters",
    "a key is UTF-8"};
  return words[static_cast<std::size_t>(why)];
}

// Letters, digits, `_`, `.` and `-`: what a segment of a metric key is made of.
constexpr bool is_segment_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

// None: it may be a segment of a metric key.
HOLDFAST_EXPORT std::optional<key_fault> fault_of_segment(std::string_view segment) noexcept;

// None: a counter may have this name.
HOLDFAST_EXPORT std::optional<key_fault> fault_of_counter_key(std::string_view key) noexcept;

// The type of a metric key: what is between the first two colons. Empty: it is none.
HOLDFAST_EXPORT std::string_view type_of_metric(std::string_view key) noexcept;

} // namespace holdfast

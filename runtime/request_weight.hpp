// What the exchange says about how much of its budget this address has used in the running minute, and how much of it
// we want to see used, whoever used it.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>

#include <holdfast/runtime/http_transfer.hpp>
#include <holdfast/runtime/market.hpp>

namespace holdfast {

// Until a body has told: the exchange's limits of 2026.
constexpr std::int64_t usual_weight_limit(market which) noexcept { return which == market::spot ? 6000 : 2400; }

// None where the answer does not tell, tells nonsense, or a negative number (which has been seen).
inline std::optional<std::int64_t> used_weight(const http_answer& answer) noexcept {
  const auto text = answer.header("x-mbx-used-weight-1m");
  std::int64_t used = 0;
  if (!text)
    return std::nullopt;
  const auto* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, used);
  if (read.ec != std::errc{} || read.ptr != end || used < 0)
    return std::nullopt;
  return used;
}

// Whether `used` is more than our share of the limit; a limit that is no limit (zero, negative) forbids nothing.
constexpr bool beyond_share(std::int64_t used, std::int64_t limit, unsigned percent) noexcept {
  if (limit <= 0)
    return false;
  const auto whole = limit / 100;
  const auto share = whole * percent + limit % 100 * percent / 100;
  return used > share;
}

} // namespace holdfast

// The two markets whose symbols holdfast keeps available. Everything per market is indexed by this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast {

// Spot, and USD-margined futures.
enum class market : std::uint8_t { spot, futures };

inline constexpr std::array<market, 2> all_markets{market::spot, market::futures}; // by index()
inline constexpr std::size_t market_count = all_markets.size();                    // length of every array per market

// Its place in every array of market_count.
constexpr std::size_t index(market which) noexcept { return static_cast<std::size_t>(which); }

// "spot" or "futures", as in keys, routes and commands.
constexpr std::string_view to_string(market which) noexcept { return which == market::spot ? "spot" : "futures"; }

// None: the text is neither of both, which are in lower case.
constexpr std::optional<market> parse_market(std::string_view text) noexcept {
  for (auto which : all_markets)
    if (text == to_string(which))
      return which;
  return std::nullopt;
}

} // namespace holdfast

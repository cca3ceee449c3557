// What a fencing token can be: microseconds of the store's clock, or a few above.
#pragma once

#include <cstdint>

namespace holdfast {

// The year 2223. Above it no token is believed, wherever it was found: Redis' scripts count in doubles, in which a token above 2^53
// plus one is the same token, and nobody could ever be given a higher one.
inline constexpr std::uint64_t token_max = 7'999'999'999'999'999;

// Zero, which is no token, for one that nobody can have been given.
constexpr std::uint64_t believed_token(std::uint64_t token) noexcept { return token <= token_max ? token : 0; }

} // namespace holdfast

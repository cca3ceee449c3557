// Private to the decimal parts: whole numbers of 128 bits, in which products of two 64-bit units are exact.
#pragma once

#include <array>
#include <cstdint>

namespace holdfast {

__extension__ using wide = __int128;

inline constexpr unsigned decimal_scale_max = 18;
inline constexpr unsigned wide_power_max = 38; // 10^38 < 2^127

inline constexpr auto wide_powers_of_ten = [] {
  std::array<wide, wide_power_max + 1> table{};
  wide power = 1;
  for (unsigned i = 0; i <= wide_power_max; ++i) {
    table[i] = power;
    if (i < wide_power_max)
      power *= 10;
  }
  return table;
}();

// Towards minus infinity; `divisor` is positive.
constexpr wide floor_divide(wide value, wide divisor) noexcept {
  const wide quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// floor(value / 10^exponent), for any exponent.
constexpr wide floor_shift(wide value, unsigned exponent) noexcept {
  if (exponent > wide_power_max)
    return value < 0 ? -1 : 0;
  return floor_divide(value, wide_powers_of_ten[exponent]);
}

} // namespace holdfast

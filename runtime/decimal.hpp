// Exact decimals of the exchange: a scaled 64-bit integer, never a floating-point number.
//
// Bounds  |value| * 10^scale < 2^63, scale <= 18; text beyond that is not a decimal here. A decimal that a caller
//         makes with a larger scale compares and rounds exactly all the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/export.hpp>

namespace holdfast {

// units / 10^scale.
struct HOLDFAST_EXPORT decimal {
  std::int64_t units = 0; // signed, each 10^-scale
  std::uint8_t scale = 0; // digits after the point

  // "-12.3400" -> {-123400, 4}. No exponent, no blanks, at least one digit. Zeros at the end of the fraction are given
  // up only where the value would not fit with them.
  static std::optional<decimal> parse(std::string_view text) noexcept;

  // With exactly `scale` digits after the point.
  std::string text() const;

  // By value: 1.0 equals 1.00.
  friend bool operator==(const decimal& a, const decimal& b) noexcept { return compare(a, b) == 0; }
  // By value: 0.99 is less than 1.0.
  friend bool operator<(const decimal& a, const decimal& b) noexcept { return compare(a, b) < 0; }
  // By value: 1.0 is not greater than 1.00.
  friend bool operator>(const decimal& a, const decimal& b) noexcept { return compare(a, b) > 0; }
  // By value: 1.00 is at most 1.0, and the other way round.
  friend bool operator<=(const decimal& a, const decimal& b) noexcept { return compare(a, b) <= 0; }
  // By value: 1.0 is at least 1.00, and the other way round.
  friend bool operator>=(const decimal& a, const decimal& b) noexcept { return compare(a, b) >= 0; }

  // By value: negative, 0 or positive, as `a` is less than, equal to or greater than `b`.
  static int compare(const decimal& a, const decimal& b) noexcept;
};

} // namespace holdfast

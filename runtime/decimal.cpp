#include "runtime/decimal.hpp"

#include <array>
#include <limits>

namespace holdfast {

namespace {

constexpr unsigned scale_max = 18;

constexpr auto powers = [] {
  std::array<std::int64_t, scale_max + 1> table{};
  std::int64_t power = 1;
  for (unsigned i = 0; i <= scale_max; ++i) {
    table[i] = power;
    if (i < scale_max)
      power *= 10;
  }
  return table;
}();

__extension__ using wide = __int128;

} // namespace

std::int64_t power_of_ten(unsigned exponent) noexcept { return powers[exponent]; }

std::optional<decimal> decimal::parse(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative)
    text.remove_prefix(1);
  std::int64_t units = 0;
  unsigned scale = 0;
  bool digits = false;
  bool after_point = false;
  for (const char c : text) {
    if (c == '.') {
      if (after_point || !digits)
        return std::nullopt;
      after_point = true;
      continue;
    }
    if (c < '0' || c > '9')
      return std::nullopt;
    digits = true;
    if (after_point && ++scale > scale_max)
      return std::nullopt;
    if (__builtin_mul_overflow(units, 10, &units) || __builtin_add_overflow(units, c - '0', &units))
      return std::nullopt;
  }
  if (!digits || text.back() == '.')
    return std::nullopt;
  return decimal{negative ? -units : units, static_cast<std::uint8_t>(scale)};
}

std::string decimal::text() const {
  const bool negative = units < 0;
  auto digits = std::to_string(negative ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units));
  if (digits.size() <= scale)
    digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0)
    digits.insert(digits.size() - scale, 1, '.');
  if (negative)
    digits.insert(0, 1, '-');
  return digits;
}

int decimal::compare(const decimal& a, const decimal& b) noexcept {
  const auto scale = a.scale > b.scale ? a.scale : b.scale;
  const wide left = static_cast<wide>(a.units) * powers[scale - a.scale];
  const wide right = static_cast<wide>(b.units) * powers[scale - b.scale];
  return left < right ? -1 : left > right ? 1 : 0;
}

} // namespace holdfast

#include "runtime/decimal.hpp"

#include "runtime/decimal_math.hpp"

namespace holdfast {

namespace {

std::optional<decimal> parse_digits(std::string_view text) noexcept {
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
    if (after_point && ++scale > decimal_scale_max)
      return std::nullopt;
    if (__builtin_mul_overflow(units, 10, &units) || __builtin_add_overflow(units, c - '0', &units))
      return std::nullopt;
  }
  if (!digits || text.back() == '.')
    return std::nullopt;
  return decimal{negative ? -units : units, static_cast<std::uint8_t>(scale)};
}

int sign(std::int64_t value) noexcept { return value < 0 ? -1 : value > 0 ? 1 : 0; }

} // namespace

std::optional<decimal> decimal::parse(std::string_view text) noexcept {
  if (const auto as_written = parse_digits(text))
    return as_written;
  const auto point = text.find('.');
  if (point == std::string_view::npos || !text.ends_with('0'))
    return std::nullopt;
  auto end = text.size();
  while (text[end - 1] == '0')
    --end;
  return parse_digits(text.substr(0, end == point + 1 ? point : end));
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
  if (a.scale < b.scale)
    return -compare(b, a);
  const unsigned by = a.scale - b.scale;
  // Scaled up by more than 10^18, anything but zero is further from zero than 64 bits reach.
  if (by > decimal_scale_max)
    return b.units == 0 ? sign(a.units) : -sign(b.units);
  const wide left = a.units;
  const wide right = b.units * wide_powers_of_ten[by];
  return left < right ? -1 : left > right ? 1 : 0;
}

} // namespace holdfast

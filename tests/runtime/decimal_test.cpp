#include "runtime/decimal.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

std::string read(std::string_view text) {
  const auto value = decimal::parse(text);
  return value ? value->text() : "none";
}

TEST(decimal, keeps_the_digits_as_written) {
  for (const auto* text : {"0", "0.00000001", "-12.3400", "922337203685477.5807", "46116860414.00000000", "1.000000000000000000"})
    EXPECT_EQ(read(text), text);
}

TEST(decimal, refuses_what_is_no_plain_decimal) {
  for (const auto* text : {"", "-", ".", ".5", "5.", "1e5", " 1", "1 ", "+1", "1.2.3", "0x1", "1,5", "NaN", "--1", "1.2.30", ".0"})
    EXPECT_EQ(read(text), "none") << text;
}

TEST(decimal, gives_up_trailing_zeros_only_where_the_value_would_not_fit) {
  EXPECT_EQ(read("9223372036854775807.00000000"), "9223372036854775807");
  EXPECT_EQ(read("-100000000000.5000000000"), "-100000000000.5");
  EXPECT_EQ(read("0.0000000100000000000000"), "0.00000001");
  EXPECT_EQ(read("0.00000000000000000000"), "0");
  EXPECT_EQ(read("9223372036854775808"), "none");
  EXPECT_EQ(read("9223372036854775807.1"), "none");
  EXPECT_EQ(read("0.0000000000000000001"), "none");
}

TEST(decimal, compares_by_value_at_any_scale) {
  EXPECT_EQ(*decimal::parse("1.0"), *decimal::parse("1.00"));
  EXPECT_LT(*decimal::parse("-1"), *decimal::parse("0.1"));
  EXPECT_GT(*decimal::parse("9223372036854775807"), *decimal::parse("0.000000000000000001"));
  const decimal tiny{1, 255};
  EXPECT_GT(tiny, decimal{});
  EXPECT_LT(tiny, *decimal::parse("0.000000000000000001"));
  EXPECT_GT(tiny, *decimal::parse("-0.000000000000000001"));
  EXPECT_EQ((decimal{0, 255}), (decimal{0, 0}));
  EXPECT_LT((decimal{std::numeric_limits<std::int64_t>::min(), 0}), tiny);
}

} // namespace
} // namespace holdfast

#include <random>

#include <gtest/gtest.h>

#include "runtime/exchange_info.hpp"
#include "tests/support/runtime_big_decimal.hpp"
#include "tests/support/runtime_made_exchange_info.hpp"

namespace holdfast {
namespace {

using test::big_decimal;

TEST(big_decimal, computes_as_on_paper) {
  const auto equal = [](const big_decimal& a, const char* b) { return compare(a, big_decimal{b}) == 0; };
  EXPECT_TRUE(equal(big_decimal{"99.9"} * big_decimal{"0.0101"}, "1.00899"));
  EXPECT_TRUE(equal(big_decimal{"9999999999999999999"} * big_decimal{"9999999999999999999"},
                    "99999999999999999980000000000000000001"));
  EXPECT_TRUE(equal(big_decimal{"10.019"} % big_decimal{"0.01"}, "0.009"));
  EXPECT_TRUE(equal(big_decimal{"100000000"} % big_decimal{"7"}, "2"));
  EXPECT_TRUE(equal(big_decimal{"1000"} - big_decimal{"0.001"}, "999.999"));
  EXPECT_TRUE(equal(big_decimal{"0.00"}, "0"));
  EXPECT_LT(compare(big_decimal{"0.99"}, big_decimal{"1"}), 0);
}

bool is_set(const rule_value& rule) { return rule.present() && !big_decimal{rule.text()}.is_zero(); }

bool off_grid(const big_decimal& value, const rule_value& grid) {
  return is_set(grid) && !(value % big_decimal{grid.text()}).is_zero();
}

broken_rule model_check(const symbol& one, const big_decimal& price, const big_decimal& quantity) {
  auto set = broken_rule::none;
  const auto add = [&](bool broken, broken_rule rule) { set = broken ? set | rule : set; };
  const auto below = [](const big_decimal& value, const rule_value& bound) {
    return compare(value, big_decimal{bound.text()}) < 0;
  };
  const auto above = [](const big_decimal& value, const rule_value& bound) {
    return compare(value, big_decimal{bound.text()}) > 0;
  };
  add(one.status_text != "TRADING", broken_rule::not_trading);
  add(is_set(one.min_price) && below(price, one.min_price), broken_rule::price_too_low);
  add(is_set(one.max_price) && above(price, one.max_price), broken_rule::price_too_high);
  add(off_grid(price, one.tick_size), broken_rule::price_off_tick);
  add(is_set(one.min_quantity) && below(quantity, one.min_quantity), broken_rule::quantity_too_low);
  add(is_set(one.max_quantity) && above(quantity, one.max_quantity), broken_rule::quantity_too_high);
  add(off_grid(quantity, one.step_size), broken_rule::quantity_off_step);
  add(is_set(one.min_notional) && below(price * quantity, one.min_notional), broken_rule::notional_too_low);
  return set;
}

// Numbers near the rules of a symbol: its bounds, whole increments, a little off them, and anything else.
class number_maker {
public:
  std::string next(const rule_value& low, const rule_value& high, const rule_value& grid) {
    const auto unit = grid.present() ? grid.value() : decimal{1, 8};
    switch (random_() % 6) {
      case 0: return low.present() ? std::string{low.text()} : "0";
      case 1: return high.present() ? std::string{high.text()} : "1";
      case 2: return decimal{unit.units * static_cast<std::int64_t>(random_() % 1'000'000), unit.scale}.text();
      case 3: return decimal{unit.units * 10 * static_cast<std::int64_t>(random_() % 100'000) + 1,
                             static_cast<std::uint8_t>(unit.scale + 1)}.text();
      case 4: return decimal{static_cast<std::int64_t>(random_() >> 1), static_cast<std::uint8_t>(random_() % 19)}.text();
      default: return decimal{static_cast<std::int64_t>(random_() % 100'000'000), static_cast<std::uint8_t>(random_() % 9)}.text();
    }
  }

private:
  std::mt19937_64 random_{20'220'922};
};

void expect_rounded(const std::string& given, decimal rounded, const rule_value& grid) {
  if (!is_set(grid)) {
    EXPECT_EQ(rounded.text(), given);
    return;
  }
  const big_decimal value{given};
  const auto wanted = value - value % big_decimal{grid.text()};
  EXPECT_EQ(compare(big_decimal{rounded.text()}, wanted), 0) << given << " by " << grid.text() << " gave " << rounded.text();
}

class every_symbol : public ::testing::TestWithParam<const char*> {};

TEST_P(every_symbol, rounds_and_checks_as_the_model_does) {
  const auto body = test::body_named(GetParam());
  if (!body)
    GTEST_SKIP() << "no recordings at " HOLDFAST_SHARED_DATA;
  const auto info = read_exchange_info(*body, {});
  ASSERT_TRUE(info);
  number_maker numbers;
  for (const auto& one : info->table->symbols())
    for (int i = 0; i < 12; ++i) {
      const auto price = numbers.next(one.min_price, one.max_price, one.tick_size);
      const auto quantity = numbers.next(one.min_quantity, one.max_quantity, one.step_size);
      const auto exact_price = decimal::parse(price);
      const auto exact_quantity = decimal::parse(quantity);
      ASSERT_TRUE(exact_price && exact_quantity) << price << ' ' << quantity;
      ASSERT_EQ(one.check_order(*exact_price, *exact_quantity), model_check(one, big_decimal{price}, big_decimal{quantity}))
        << one.name << ' ' << price << ' ' << quantity;
      // What does not fit 64 bits at the scale of the grid is rounded further.
      if (price.size() < 11)
        expect_rounded(price, one.round_price(*exact_price), one.tick_size);
      if (quantity.size() < 11)
        expect_rounded(quantity, one.round_quantity(*exact_quantity), one.step_size);
      ASSERT_FALSE(has(one.check_order(one.round_price(*exact_price), *exact_quantity), broken_rule::price_off_tick));
      ASSERT_LE(one.round_quantity(*exact_quantity), *exact_quantity);
    }
}

INSTANTIATE_TEST_SUITE_P(recordings, every_symbol,
                         ::testing::Values("spot_2020-10-09.json", "spot_2022-09-22.json", "futures_2022-12-22.json",
                                         "futures_2025-08-22.json"),
                         [](const auto& which) { return std::string(which.param, std::string_view{which.param}.find('-')); });
INSTANTIATE_TEST_SUITE_P(made, every_symbol, ::testing::Values("spot_made", "futures_made"),
                         [](const auto& which) { return std::string{which.param}; });

} // namespace
} // namespace holdfast

#include "runtime/symbol.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "runtime/symbol_table.hpp"

namespace holdfast {
namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

decimal number(const char* text) { return *decimal::parse(text); }

// One symbol and the table that keeps its texts.
struct owned_symbol {
  symbol_table_ptr table;
  const symbol* operator->() const { return &table->symbols().front(); }
};

owned_symbol owned(symbol_draft draft) {
  draft.name = "AUSDT";
  symbol_table_builder builder;
  builder.add(draft);
  return {builder.build({})};
}

symbol_draft draft_of(const char* tick, const char* step = "0.001", const char* notional = "5") {
  return {.tick_size = tick, .step_size = step, .min_quantity = "0.001", .min_notional = notional, .status_text = "TRADING"};
}

owned_symbol ruled(const char* tick, const char* step = "0.001", const char* notional = "5") {
  return owned(draft_of(tick, step, notional));
}

TEST(symbol, rounds_down_to_whole_ticks_and_steps) {
  const auto one = ruled("0.01");
  EXPECT_EQ(one->round_price(number("10.019")).text(), "10.01");
  EXPECT_EQ(one->round_price(number("10")).text(), "10.00");
  EXPECT_EQ(one->round_price(number("-10.019")).text(), "-10.02");
  EXPECT_EQ(one->round_quantity(number("1.23456")).text(), "1.234");
  EXPECT_EQ(one->round_quantity(number("0.0009")).text(), "0.000");
  EXPECT_EQ(one->round_price({1, 255}).text(), "0.00");
  EXPECT_EQ(one->round_price({-1, 255}).text(), "-0.01");
}

TEST(symbol, leaves_a_number_alone_without_a_tick) {
  for (const auto* tick : {"", "0", "0.00000000", "garbage"})
    EXPECT_EQ(ruled(tick)->round_price(number("1.2345")).text(), "1.2345") << tick;
}

TEST(symbol, rounds_further_what_does_not_fit_at_the_scale_of_the_tick) {
  EXPECT_EQ(ruled("0.00000001")->round_price({most, 0}).text(), std::to_string(most));
  EXPECT_EQ(ruled("0.03")->round_price({most, 0}).text(), std::to_string(most / 3 * 3));
  const auto rounded = ruled("0.03")->round_price({most, 1});
  EXPECT_EQ(rounded.scale, 1);
  EXPECT_EQ(rounded.units, most / 3 * 3);
  EXPECT_EQ(ruled("3")->round_price({least, 0}).units, least);
}

TEST(symbol, names_every_broken_rule) {
  auto draft = draft_of("0.01");
  draft.min_price = "1";
  draft.max_price = "100";
  draft.max_quantity = "1000";
  auto one = owned(draft);
  const auto check = [&](const char* price, const char* quantity) { return one->check_order(number(price), number(quantity)); };
  EXPECT_EQ(check("10.01", "1"), broken_rule::none);
  EXPECT_EQ(check("10.019", "1"), broken_rule::price_off_tick);
  EXPECT_EQ(check("10", "0.1"), broken_rule::notional_too_low);
  EXPECT_EQ(check("0.99", "10"), broken_rule::price_too_low);
  EXPECT_EQ(check("100.01", "1"), broken_rule::price_too_high);
  EXPECT_EQ(check("10", "1000.001"), broken_rule::quantity_too_high);
  EXPECT_EQ(check("10", "1.0001"), broken_rule::quantity_off_step);
  EXPECT_EQ(check("100", "0.0005"),
            broken_rule::quantity_too_low | broken_rule::quantity_off_step | broken_rule::notional_too_low);
  EXPECT_EQ(one->check_order({1, 255}, {most, 0}),
            broken_rule::price_too_low | broken_rule::price_off_tick | broken_rule::quantity_too_high
              | broken_rule::notional_too_low);
  draft.status_text = "HALT";
  one = owned(draft);
  EXPECT_EQ(check("10.01", "1"), broken_rule::not_trading);
}

TEST(symbol, compares_the_notional_exactly) {
  EXPECT_EQ(ruled("", "", "5")->check_order(number("2.5"), number("2")), broken_rule::none);
  EXPECT_EQ(ruled("", "", "5")->check_order(number("2.4999999999999999"), number("2")), broken_rule::notional_too_low);
  EXPECT_EQ(ruled("", "", "5.000000000000000000")->check_order(number("5"), number("1")), broken_rule::none);
  EXPECT_EQ(ruled("", "", "5.000000000000000001")->check_order(number("5"), number("1")), broken_rule::notional_too_low);
  EXPECT_EQ(ruled("", "", "9223372036854775807")->check_order({most, 0}, {most, 0}), broken_rule::none);
  EXPECT_EQ(ruled("", "", "0.000000000000000001")->check_order({most, 18}, {most, 18}), broken_rule::none);
}

} // namespace
} // namespace holdfast

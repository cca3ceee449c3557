#include "runtime/plausibility_gate.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

struct table_plan {
  int symbols = 1000;
  std::int64_t server_time = 50;
  int odd_ticks = 0; // so many have `odd_tick`
  const char* odd_tick = "0.00";
  const char* tick = "0.01";
  int zero_steps = 0;
  const char* quote = "USDT";
  int usdt = 1 << 30; // the others are quoted in BUSD
  int trading = 1 << 30;
};

symbol_table_ptr table_of(const table_plan& plan) {
  symbol_table_builder builder;
  builder.server_time(plan.server_time);
  for (int i = 0; i < plan.symbols; ++i) {
    const auto name = "S" + std::to_string(i) + "USDT";
    symbol_draft one;
    one.name = name;
    one.base_asset = "S";
    one.quote_asset = i < plan.usdt ? plan.quote : "BUSD";
    one.status_text = i < plan.trading ? "TRADING" : "BREAK";
    one.tick_size = i < plan.odd_ticks ? plan.odd_tick : plan.tick;
    one.step_size = i < plan.zero_steps ? "0" : "1";
    builder.add(one);
  }
  return builder.build({{"USDT"}, {}});
}

gate_reason judge(const table_plan& next, const table_plan& before = {}, const gate_settings& settings = {},
                  market which = market::spot) {
  return judge_table(which, *table_of(next), table_of(before).get(), settings).reason;
}

gate_reason judge_the_array(const table_plan& array, const table_plan& before = {}) {
  return judge_array(*table_of(array), table_of(before).get(), {}).reason;
}

TEST(plausibility_gate, believes_what_is_much_as_before) {
  EXPECT_EQ(judge({.symbols = 990, .server_time = 51}), gate_reason::believed);
  EXPECT_EQ(judge({.symbols = 3000}), gate_reason::believed);
  EXPECT_TRUE(judge_table(market::spot, *table_of({.symbols = 1}), nullptr, {}).believed());
}

TEST(plausibility_gate, refuses_emptiness) {
  EXPECT_EQ(judge({.symbols = 0}), gate_reason::empty);
  EXPECT_EQ(judge({.trading = 0}), gate_reason::empty);
  EXPECT_EQ(judge({.quote = "BUSD"}), gate_reason::empty);
  EXPECT_EQ(judge_table(market::spot, *table_of({.symbols = 0}), nullptr, {}).reason, gate_reason::empty);
}

TEST(plausibility_gate, refuses_a_table_that_lost_half_or_more_than_the_limit_allows) {
  EXPECT_EQ(judge({.symbols = 5}), gate_reason::shrunk);
  EXPECT_EQ(judge({.symbols = 500}), gate_reason::shrunk);
  EXPECT_EQ(judge({.trading = 500}), gate_reason::shrunk);
  EXPECT_EQ(judge({.symbols = 500}, {}, {.keep_percent_min = 50}), gate_reason::believed);
  EXPECT_EQ(judge({.symbols = 949}, {}, {.keep_percent_min = 95}), gate_reason::shrunk);
}

TEST(plausibility_gate, refuses_a_table_without_a_pinned_symbol) {
  EXPECT_EQ(judge({}, {}, {.pinned = {"S1USDT"}}), gate_reason::believed);
  EXPECT_EQ(judge({}, {}, {.pinned = {"S1USDT", "BTCUSDT"}}), gate_reason::pinned_missing);
}

TEST(plausibility_gate, refuses_zero_ticks_above_a_small_share_only) {
  EXPECT_EQ(judge({.odd_ticks = 1}), gate_reason::believed);
  EXPECT_EQ(judge({.odd_ticks = 10}), gate_reason::believed);
  EXPECT_EQ(judge({.odd_ticks = 11}), gate_reason::zero_rules);
  EXPECT_EQ(judge({.odd_ticks = 1}, {}, {.zero_percent_max = 0}), gate_reason::zero_rules);
  EXPECT_EQ(judge({.odd_ticks = 11}, {.odd_ticks = 11}), gate_reason::believed);
  EXPECT_EQ(judge({.odd_ticks = 11, .zero_steps = 11}, {.zero_steps = 11}), gate_reason::zero_rules);
}

TEST(plausibility_gate, refuses_many_changed_ticks_and_few_wild_ones) {
  EXPECT_EQ(judge({.odd_ticks = 500, .odd_tick = "0.02"}), gate_reason::believed);
  EXPECT_EQ(judge({.odd_ticks = 501, .odd_tick = "0.02"}), gate_reason::rules_changed);
  EXPECT_EQ(judge({.odd_ticks = 50, .odd_tick = "10"}), gate_reason::believed);
  EXPECT_EQ(judge({.odd_ticks = 51, .odd_tick = "10"}), gate_reason::rules_changed);
  EXPECT_EQ(judge({.odd_ticks = 51, .odd_tick = "0.00001"}), gate_reason::rules_changed);
  EXPECT_EQ(judge({.odd_ticks = 51, .odd_tick = "9.99"}), gate_reason::believed);
  EXPECT_EQ(judge({.odd_ticks = 500, .odd_tick = "0.010"}), gate_reason::believed);
}

TEST(plausibility_gate, refuses_a_body_of_the_exchange_that_lost_its_ticks_but_not_a_bare_array) {
  EXPECT_EQ(judge({.tick = ""}), gate_reason::rules_changed);
  EXPECT_EQ(judge({.server_time = 0, .tick = ""}), gate_reason::rules_changed) << "a body may tell no time";
  EXPECT_EQ(judge_the_array({.tick = ""}), gate_reason::believed);
}

TEST(plausibility_gate, compares_of_a_bare_array_only_what_is_listed) {
  // Of the exchange's 1000 in TRADING 100 are quoted in USDT, and the array has them all; one is in HALT by now.
  const auto whole = table_of({.usdt = 100});
  EXPECT_TRUE(judge_array(*table_of({.symbols = 100}), whole.get(), {}).believed());
  EXPECT_TRUE(judge_array(*table_of({.symbols = 100, .trading = 99}), whole.get(), {}).believed());
  EXPECT_TRUE(judge_array(*table_of({.symbols = 101, .usdt = 100}), whole.get(), {}).believed());
  EXPECT_EQ(judge_array(*table_of({.symbols = 69}), whole.get(), {}).reason, gate_reason::shrunk);
  EXPECT_EQ(judge_array(*table_of({.symbols = 100, .trading = 0}), whole.get(), {}).reason, gate_reason::empty);
  EXPECT_EQ(judge_table(market::spot, *table_of({.symbols = 100, .trading = 99}), whole.get(), {}).reason, gate_reason::shrunk);
}

TEST(plausibility_gate, wants_of_a_bare_array_only_pinned_symbols_that_are_listed) {
  const auto whole = table_of({.symbols = 100, .usdt = 99, .trading = 98}); // S98 is in BREAK, S99 in BREAK and in BUSD
  const auto array = table_of({.symbols = 97});
  EXPECT_TRUE(judge_array(*array, whole.get(), {.pinned = {"S0USDT", "S98USDT", "S99USDT", "NEVERUSDT"}}).believed());
  EXPECT_EQ(judge_array(*array, whole.get(), {.pinned = {"S97USDT"}}).reason, gate_reason::pinned_missing);
  EXPECT_EQ(judge_array(*array, nullptr, {.pinned = {"S97USDT"}}).reason, gate_reason::pinned_missing);
  EXPECT_EQ(judge_table(market::spot, *array, whole.get(), {.pinned = {"S98USDT"}}).reason, gate_reason::pinned_missing);
}

TEST(plausibility_gate, takes_the_word_of_a_line_as_old_as_ours_and_compares_younger_ones) {
  const wall_time begun{std::chrono::hours{1000}};
  const auto fetched = begun + std::chrono::hours{2};
  const std::chrono::hours hour{1};
  const auto small = table_of({.symbols = 5, .server_time = 1});
  const auto whole = table_of({.server_time = 1});
  const auto large = table_of({});
  const judged_table ours{large.get(), begun, fetched};
  const auto judge = [&](const symbol_table_ptr& next, std::optional<wall_time> judged_since, const judged_table& against) {
    return judge_followed(market::spot, {next.get(), judged_since, fetched + hour}, against, {.pinned = {"NOSUCHUSDT"}});
  };
  EXPECT_EQ(judge(small, begun, ours).verdict.reason, gate_reason::believed);
  EXPECT_EQ(judge(small, begun - hour, ours).judged_since, begun - hour);
  // Our table may be younger than that line: it is not of it.
  EXPECT_EQ(judge(small, begun + hour, ours).verdict.reason, gate_reason::shrunk);
  EXPECT_EQ(judge(small, {}, ours).verdict.reason, gate_reason::shrunk);
  EXPECT_EQ(judge(small, wall_time{}, ours).verdict.reason, gate_reason::believed); // an operator's
  // Whatever its serverTime, and without a pinned symbol that ours lacks as well.
  EXPECT_EQ(judge(whole, fetched, ours).verdict.reason, gate_reason::believed);
  EXPECT_EQ(judge(whole, fetched, ours).judged_since, begun);
  // Ours was never compared with anything, or nobody knows; or it is of yesterday.
  EXPECT_EQ(judge(small, fetched, {large.get(), fetched, fetched}).verdict.reason, gate_reason::believed);
  EXPECT_EQ(judge(small, fetched, {large.get(), {}, fetched}).judged_since, fetched);
  EXPECT_EQ(judge(small, {}, {}).verdict.reason, gate_reason::believed);
  EXPECT_EQ(judge(small, fetched, {large.get(), begun - 48 * hour, fetched - 24 * hour}).verdict.reason, gate_reason::believed);
}

TEST(plausibility_gate, refuses_a_spot_time_that_went_back_and_never_one_of_futures) {
  EXPECT_EQ(judge({.server_time = 49}), gate_reason::server_time_went_back);
  EXPECT_EQ(judge({.server_time = 49}, {}, {}, market::futures), gate_reason::believed);
  EXPECT_EQ(judge({.server_time = 0}), gate_reason::believed);
  EXPECT_EQ(judge({.server_time = 55}, {}, {.server_time_min_ms = 56}), gate_reason::server_time_went_back);
  EXPECT_EQ(judge({.server_time = 49}, {}, {.server_time_min_ms = 40}), gate_reason::believed);
}

} // namespace
} // namespace holdfast

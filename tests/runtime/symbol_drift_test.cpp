// What happens to the exchange's list from one poll to the next, played on the recordings and on bodies that are made up.
#include <functional>
#include <iterator>

#include <gtest/gtest.h>

#include "runtime/plausibility_gate.hpp"
#include "runtime/symbol_diff.hpp"
#include "runtime/symbol_list.hpp"
#include "runtime/symbol_merge.hpp"
#include "tests/support/runtime_made_exchange_info.hpp"
#include "tests/support/runtime_symbols.hpp"

namespace holdfast {
namespace {

using test::all_names;
using test::names_of;
using words = std::vector<std::string>;

static_assert(std::forward_iterator<symbol_range::iterator>);

const list_rules usdt{{"USDT"}, {"BTC", "ETH"}};
const wall_time now{std::chrono::days{20'000}};

struct symbol_drift : ::testing::TestWithParam<const char*> {
  symbol_table_ptr before;
  market which = std::string_view{GetParam()}.starts_with("spot") ? market::spot : market::futures;

  void SetUp() override {
    const auto body = test::body_named(GetParam());
    if (!body)
      GTEST_SKIP() << "no recordings at " HOLDFAST_SHARED_DATA;
    const auto info = read_exchange_info(*body, usdt);
    ASSERT_TRUE(info);
    before = info->table;
  }

  // The next poll: `change` may alter a symbol, and leave it out by answering false.
  symbol_table_ptr next(const std::function<bool(symbol_draft&, std::size_t)>& change, const words& more = {}) const {
    symbol_table_builder builder;
    builder.server_time(before->server_time_ms() + 60'000);
    std::size_t position = 0;
    for (const auto& one : before->symbols())
      if (auto draft = symbol_draft::copy(one); change(draft, position++))
        builder.add(draft);
    for (const auto& name : more)
      builder.add({.name = name, .base_asset = "NEW", .quote_asset = "USDT", .tick_size = "0.1", .step_size = "1",
                   .status_text = "TRADING"});
    return builder.build(usdt);
  }

  gate_reason judge(const symbol_table_ptr& table) const { return judge_table(which, *table, before.get(), {}).reason; }
};

TEST_P(symbol_drift, a_listing_is_believed_and_told) {
  const auto after = next([](auto&, auto) { return true; }, {"NEWUSDT"});
  EXPECT_EQ(judge(after), gate_reason::believed);
  const auto diff = symbol_diff::between(before, after);
  EXPECT_EQ(names_of(*after, diff.added), words{"NEWUSDT"});
  EXPECT_TRUE(diff.removed.empty() && diff.status_changed.empty() && diff.rules_changed.empty());
}

TEST_P(symbol_drift, symbols_that_vanish_for_a_while_are_gone_meanwhile_and_come_back_at_their_place) {
  const auto without = next([](auto&, auto position) { return position % 50 != 7; });
  EXPECT_EQ(judge(without), gate_reason::believed);
  const auto merged = merge_gone(before, without, now, usdt);
  EXPECT_EQ(all_names(*merged), all_names(*before));
  const auto diff = symbol_diff::between(before, merged);
  EXPECT_EQ(diff.removed.size(), before->size() - without->size());
  for (const auto id : diff.removed) {
    const auto& last = before->symbols()[id];
    const auto& gone = merged->symbols()[id];
    EXPECT_EQ(gone.status, symbol_status::gone);
    EXPECT_EQ(gone.round_price({123'456'789, 5}), last.round_price({123'456'789, 5})) << last.name;
  }
  const auto back = merge_gone(merged, before, now + std::chrono::days{1}, usdt);
  EXPECT_EQ(back, before);
  EXPECT_EQ(symbol_diff::between(merged, back).added.size(), diff.removed.size());
}

TEST_P(symbol_drift, a_day_of_status_changes_is_believed_and_told) {
  const auto after = next([](auto& one, auto position) {
    one.status_text = position % 100 == 3 ? "HALT" : one.status_text;
    return true;
  });
  EXPECT_EQ(judge(after), gate_reason::believed);
  const auto diff = symbol_diff::between(before, after);
  EXPECT_EQ(diff.status_changed.size(), (before->size() + 96) / 100);
  EXPECT_TRUE(diff.rules_changed.empty() && diff.added.empty() && diff.removed.empty());
}

TEST_P(symbol_drift, changed_ticks_of_some_are_believed_and_told) {
  const auto after = next([](auto& one, auto position) {
    one.tick_size = position % 50 == 0 ? "0.12345" : one.tick_size;
    return true;
  });
  EXPECT_EQ(judge(after), gate_reason::believed);
  EXPECT_EQ(symbol_diff::between(before, after).rules_changed.size(), (before->size() + 49) / 50);
}

TEST_P(symbol_drift, a_bare_array_of_what_is_listed_is_believed_and_half_of_it_is_not) {
  const auto bare = read_symbol_list(before->list_json(), usdt);
  ASSERT_TRUE(bare) << bare.error();
  const auto judge_bare = [this](const auto& array) { return judge_array(*array, before.get(), {}).reason; };
  EXPECT_EQ(judge_bare(*bare), gate_reason::believed);
  const auto half = next([this](auto& one, auto position) {
    const auto& row = before->symbols()[position];
    return row.trading() && row.quote_asset == "USDT" && one.name.front() % 2 == 0;
  });
  EXPECT_EQ(half->size(), half->listed().size());
  EXPECT_EQ(judge_bare(half), gate_reason::shrunk);
}

TEST_P(symbol_drift, a_list_without_permission_sets_costs_no_permission) {
  const auto named = next([](auto& one, auto) {
    one.permissions = one.permissions.empty() ? "SPOT|MARGIN" : one.permissions;
    return true;
  });
  const auto without = next([](auto& one, auto) {
    one.permissions = {};
    return true;
  });
  const auto kept = keep_permissions(named, without, usdt);
  EXPECT_EQ(kept->content_hash(), named->content_hash());
  EXPECT_TRUE(symbol_diff::between(named, kept).rules_changed.empty());
  EXPECT_EQ(kept->server_time_ms(), without->server_time_ms());
}

TEST_P(symbol_drift, no_tick_or_step_of_a_list_is_zero_so_that_one_of_zero_is_not_believed) {
  for (const auto& one : before->symbols())
    EXPECT_TRUE(one.tick_size.present() && one.tick_size.units > 0 && one.step_size.present() && one.step_size.units > 0) << one.name;
  const auto after = next([](auto& one, auto position) {
    one.tick_size = position == 3 ? "0.00000000" : one.tick_size;
    one.step_size = position == 5 ? "0" : one.step_size;
    return true;
  });
  EXPECT_EQ(judge(after), gate_reason::believed);
  const auto kept = keep_lost_rules(before, after, usdt);
  EXPECT_EQ(kept.symbols, 2u);
  EXPECT_EQ(kept.table->content_hash(), before->content_hash());
}

TEST_P(symbol_drift, half_a_list_is_not_believed) {
  EXPECT_EQ(judge(next([](auto&, auto position) { return position % 2 == 0; })), gate_reason::shrunk);
  EXPECT_EQ(judge(next([this](auto&, auto position) { return position < before->size() / 2; })), gate_reason::shrunk);
  EXPECT_NE(judge(next([](auto&, auto position) { return position < 5; })), gate_reason::believed);
}

TEST_P(symbol_drift, ticks_of_zero_are_not_believed) {
  EXPECT_EQ(judge(next([](auto& one, auto) {
              one.tick_size = "0.00000000";
              return true;
            })),
            gate_reason::zero_rules);
}

std::string market_name(const ::testing::TestParamInfo<const char*>& which) {
  return std::string(which.param, std::string_view{which.param}.find('_'));
}

INSTANTIATE_TEST_SUITE_P(recordings, symbol_drift, ::testing::Values("spot_2022-09-22.json", "futures_2025-08-22.json"), market_name);
INSTANTIATE_TEST_SUITE_P(made, symbol_drift, ::testing::Values("spot_made", "futures_made"), market_name);

} // namespace
} // namespace holdfast

#include <algorithm>

#include <gtest/gtest.h>

#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_diff.hpp"
#include "runtime/symbol_list.hpp"
#include "runtime/symbol_merge.hpp"
#include "tests/support/runtime_recordings.hpp"
#include "tests/support/runtime_symbols.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::all_names;
using test::names_of;
using test::plain;
using test::price_filter;
using test::table_from;
using words = std::vector<std::string>;

const wall_time day_one{std::chrono::days{20'000}};
const auto a = plain("AUSDT"), b = plain("BUSDT", "TRADING", price_filter("0.10")), c = plain("CUSDT"), d = plain("DUSDT");

TEST(merge_gone, keeps_a_vanished_symbol_at_its_place_with_its_last_rules) {
  const auto before = table_from(a + "," + b + "," + c);
  const auto after = merge_gone(before, table_from(a + "," + c + "," + d), day_one, {});
  EXPECT_EQ(all_names(*after), (words{"AUSDT", "BUSDT", "CUSDT", "DUSDT"}));
  const auto* gone = after->find("BUSDT");
  ASSERT_NE(gone, nullptr);
  EXPECT_EQ(gone->status, symbol_status::gone);
  EXPECT_EQ(gone->status_text, "GONE");
  EXPECT_EQ(gone->tick_size.text(), "0.10");
  EXPECT_EQ(gone->gone_since_ms, std::chrono::milliseconds{std::chrono::days{20'000}}.count());
  EXPECT_TRUE(has(gone->check_order(*decimal::parse("1"), *decimal::parse("1")), broken_rule::not_trading));
  EXPECT_EQ(names_of(after->list()), (words{"AUSDT", "CUSDT", "DUSDT"}));
  EXPECT_EQ(after->list_json().find("BUSDT"), std::string::npos);
}

TEST(merge_gone, keeps_vanished_neighbours_in_order_at_the_front_and_at_the_end) {
  const auto before = table_from(a + "," + b + "," + c + "," + d);
  EXPECT_EQ(all_names(*merge_gone(before, table_from(c), day_one, {})), all_names(*before));
  EXPECT_EQ(all_names(*merge_gone(before, table_from(a + "," + d), day_one, {})), all_names(*before));
}

TEST(merge_gone, hands_on_the_table_itself_where_nothing_vanished) {
  const auto next = table_from(a + "," + b);
  EXPECT_EQ(merge_gone(table_from(a), next, day_one, {}), next);
  EXPECT_EQ(merge_gone(nullptr, next, day_one, {}), next);
}

TEST(merge_gone, counts_from_when_a_symbol_was_missed_first_and_drops_it_in_the_end) {
  const auto whole = table_from(a + "," + b);
  const auto first = merge_gone(whole, table_from(a), day_one, {});
  const auto second = merge_gone(first, table_from(a), day_one + std::chrono::days{29}, {});
  EXPECT_EQ(second->find("BUSDT")->gone_since_ms, first->find("BUSDT")->gone_since_ms);
  EXPECT_EQ(second->content_hash(), first->content_hash());
  EXPECT_NE(merge_gone(second, table_from(a), day_one + std::chrono::days{30} - 1ms, {})->find("BUSDT"), nullptr);
  EXPECT_EQ(merge_gone(second, table_from(a), day_one + std::chrono::days{30}, {})->find("BUSDT"), nullptr);
  EXPECT_EQ(merge_gone(first, table_from(a), day_one + 1min, {}, 30s)->find("BUSDT"), nullptr);
  EXPECT_NE(merge_gone(first, table_from(a), day_one - 1h, {})->find("BUSDT"), nullptr) << "the clock stepped back";
}

TEST(merge_gone, keeps_nothing_where_nothing_is_to_be_kept) {
  const auto next = table_from(a);
  EXPECT_EQ(merge_gone(table_from(a + "," + b), next, day_one, {}, 0s), next);
}

TEST(merge_gone, gives_way_to_the_symbol_that_comes_back) {
  const auto whole = table_from(a + "," + b + "," + c);
  const auto without = merge_gone(whole, table_from(a + "," + c), day_one, {});
  const auto back = merge_gone(without, table_from(a + "," + b + "," + c), day_one + 1h, {});
  EXPECT_EQ(back->find("BUSDT")->status, symbol_status::trading);
  EXPECT_EQ(back->content_hash(), whole->content_hash());
}

TEST(keep_permissions, takes_them_over_where_a_list_names_none) {
  const auto with = [](const std::string& name, const std::string& sets) {
    return plain(name, "TRADING", R"(,"permissions":[],"permissionSets":)" + sets);
  };
  const auto before = table_from(with("AUSDT", R"([["SPOT","MARGIN"],["TRD_GRP_005"]])") + "," + with("BUSDT", R"([["SPOT"]])"));
  const auto next = table_from(with("AUSDT", "[]") + "," + with("BUSDT", R"([["MARGIN"]])") + "," + with("CUSDT", "[]"));
  const auto kept = keep_permissions(before, next, {});
  EXPECT_FALSE(kept->find("AUSDT")->permits("SPOT"));
  EXPECT_EQ(kept->find("AUSDT")->permissions, before->find("AUSDT")->permissions);
  EXPECT_TRUE(kept->find("BUSDT")->permits("MARGIN")) << "what the list tells wins";
  EXPECT_TRUE(kept->find("CUSDT")->permits("SPOT")) << "nothing is known";
  EXPECT_EQ(keep_permissions(nullptr, next, {}), next);
  EXPECT_EQ(keep_permissions(next, before, {}), before);
}

TEST(keep_lost_rules, keeps_the_last_tick_where_the_new_one_is_none_and_counts_the_symbols) {
  const auto before = table_from(b + "," + plain("CUSDT", "TRADING", price_filter("0.00")));
  for (const auto* tick : {"0.00", "-0.01", "", "ten"}) {
    const auto next = table_from(plain("BUSDT", "BREAK", price_filter(tick)) + "," + plain("CUSDT", "TRADING", price_filter("0")) + ","
                                 + plain("NUSDT", "TRADING", price_filter("0")));
    const auto kept = keep_lost_rules(before, next, {});
    EXPECT_EQ(kept.symbols, 1u) << tick;
    EXPECT_EQ(kept.table->find("BUSDT")->tick_size.text(), "0.10");
    EXPECT_EQ(kept.table->find("BUSDT")->status, symbol_status::break_);
    EXPECT_EQ(kept.table->find("CUSDT")->tick_size.text(), "0");
    EXPECT_EQ(kept.table->find("NUSDT")->tick_size.text(), "0");
  }
}

TEST(keep_lost_rules, hands_on_the_table_itself_where_nothing_was_lost) {
  const auto next = table_from(plain("BUSDT", "TRADING", price_filter("0.20")) + "," + a);
  const auto kept = keep_lost_rules(table_from(b), next, {});
  EXPECT_EQ(kept.table, next);
  EXPECT_EQ(kept.symbols, 0u);
  EXPECT_EQ(keep_lost_rules(nullptr, next, {}).table, next);
}

TEST(merge_gone, survives_the_store) {
  const auto merged = merge_gone(table_from(a + "," + b + "," + c), table_from(a + "," + c), day_one, {});
  const auto decoded = decode_symbols(encode_symbols({.table = merged}), {});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->table->content_hash(), merged->content_hash());
  EXPECT_EQ(all_names(*decoded->table), all_names(*merged));
  EXPECT_EQ(decoded->table->find("BUSDT")->status, symbol_status::gone);
  EXPECT_EQ(decoded->table->find("BUSDT")->gone_since_ms, merged->find("BUSDT")->gone_since_ms);
}

TEST(symbol_codec, a_time_of_fetching_whose_age_cannot_be_counted_is_none) {
  const auto table = table_from(a);
  for (const std::int64_t told : {std::int64_t{-1}, INT64_MIN, INT64_MAX, std::int64_t{253'402'300'800'000'000}}) {
    const auto decoded = decode_symbols(encode_symbols({.table = table, .fetched_at = wall_time{std::chrono::microseconds{told}}}), {});
    ASSERT_TRUE(decoded) << told;
    EXPECT_FALSE(decoded->fetched_at) << told;
  }
}

// Four fields each, as any program may write them.
symbol_table_ptr bare_array_of(const std::vector<std::string>& names, const std::string& more = "") {
  std::string text = "[";
  for (const auto& name : names)
    text += (text.size() > 1 ? "," : "") + plain(name, "TRADING", more);
  return *read_symbol_list(text + "]", {});
}

const auto permitted = plain("CUSDT", "TRADING", R"(,"permissions":["SPOT"],"onboardDate":5)" + price_filter("0.10"));

TEST(merge_bare, takes_rules_permissions_and_times_over_from_what_is_known) {
  const auto known = table_from(permitted + "," + b);
  const auto merged = merge_bare(known, bare_array_of({"BUSDT", "CUSDT"}), day_one, {});
  EXPECT_EQ(merged->content_hash(), known->content_hash());
  EXPECT_EQ(all_names(*merged), (words{"CUSDT", "BUSDT"})) << "the exchange's order";
  const auto* one = merged->find("CUSDT");
  EXPECT_EQ(one->tick_size.text(), "0.10");
  EXPECT_EQ(one->permissions.view(), "SPOT");
  EXPECT_EQ(one->onboard_ms, 5);
  EXPECT_EQ(merged->server_time_ms(), known->server_time_ms());
}

TEST(merge_bare, believes_what_the_array_tells) {
  const auto known = table_from(permitted + "," + plain("BUSDT", "BREAK"));
  const auto merged = merge_bare(known, bare_array_of({"CUSDT", "BUSDT", "NUSDT"}, R"(,"tickSize":"0.5")"), day_one, {});
  EXPECT_EQ(merged->find("CUSDT")->tick_size.text(), "0.5");
  EXPECT_EQ(merged->find("CUSDT")->permissions.view(), "SPOT");
  EXPECT_EQ(merged->find("BUSDT")->status, symbol_status::trading);
  ASSERT_NE(merged->find("NUSDT"), nullptr);
  EXPECT_EQ(merged->find("NUSDT")->tick_size.text(), "0.5");
}

TEST(merge_bare, takes_no_tick_of_zero_where_one_is_known) {
  const auto known = table_from(b + "," + c);
  const auto merged = merge_bare(known, bare_array_of({"BUSDT", "CUSDT"}, R"(,"tickSize":"0.0")"), day_one, {});
  EXPECT_EQ(merged->find("BUSDT")->tick_size.text(), "0.10");
  EXPECT_EQ(merged->find("CUSDT")->tick_size.text(), "0.0");
}

TEST(merge_bare, keeps_what_no_such_array_would_hold_and_loses_what_it_should) {
  const list_rules usdt{{"USDT"}, {}};
  const std::string other = R"({"symbol":"XBTC","status":"TRADING","baseAsset":"X","quoteAsset":"BTC"})";
  const auto known = read_exchange_info(test::body_of(a + "," + plain("BUSDT", "BREAK") + "," + permitted + "," + other), usdt)->table;
  const auto merged = merge_bare(known, bare_array_of({"AUSDT"}), day_one, usdt);
  EXPECT_EQ(all_names(*merged), all_names(*known));
  EXPECT_EQ(merged->find("BUSDT")->status, symbol_status::break_);
  EXPECT_EQ(merged->find("XBTC")->status, symbol_status::trading);
  EXPECT_EQ(merged->find("CUSDT")->status, symbol_status::gone);
  EXPECT_EQ(merged->find("CUSDT")->tick_size.text(), "0.10") << "a position in it can be priced";
  EXPECT_GT(merged->find("CUSDT")->gone_since_ms, 0);
  EXPECT_EQ(names_of(merged->list()), words{"AUSDT"});
  const auto back = merge_bare(merged, bare_array_of({"AUSDT", "CUSDT"}), day_one, usdt);
  EXPECT_EQ(back->content_hash(), known->content_hash());
}

TEST(merge_bare, costs_no_rule_of_the_recordings) {
  for (const auto* name : {"spot_2020-10-09.json", "spot_2022-09-22.json", "futures_2022-12-22.json", "futures_2025-08-22.json"}) {
    const auto body = test::recording(name);
    if (!body)
      GTEST_SKIP() << "no recordings at " HOLDFAST_SHARED_DATA;
    const list_rules usdt{{"USDT"}, {"BTC", "ETH"}};
    const auto known = read_exchange_info(*body, usdt)->table;
    std::string four_fields = "[";
    for (const auto& one : known->list()) {
      four_fields += four_fields.size() > 1 ? ",{\"symbol\":" : "{\"symbol\":";
      append_json_string(four_fields, one.name);
      four_fields += ",\"baseAsset\":";
      append_json_string(four_fields, one.base_asset);
      four_fields += ",\"quoteAsset\":";
      append_json_string(four_fields, one.quote_asset);
      four_fields += ",\"status\":\"TRADING\"}";
    }
    const auto bare = read_symbol_list(four_fields + "]", usdt);
    ASSERT_TRUE(bare);
    const auto merged = merge_bare(known, *bare, day_one, usdt);
    EXPECT_EQ(merged->content_hash(), known->content_hash()) << name;
    EXPECT_EQ(merged->list_json(), known->list_json()) << name;
  }
}

TEST(merge_bare, is_the_array_itself_where_nothing_is_known) {
  const auto bare = bare_array_of({"AUSDT"});
  EXPECT_EQ(merge_bare(nullptr, bare, day_one, {}), bare);
}

TEST(symbol_diff, tells_what_was_added_removed_and_changed) {
  const auto before = table_from(a + "," + b + "," + c);
  const auto after = table_from(plain("AUSDT", "BREAK") + "," + plain("BUSDT", "TRADING", price_filter("0.01")) + "," + d);
  const auto diff = symbol_diff::between(before, after);
  EXPECT_EQ(names_of(*after, diff.added), words{"DUSDT"});
  EXPECT_EQ(names_of(*before, diff.removed), words{"CUSDT"});
  EXPECT_EQ(names_of(*after, diff.status_changed), words{"AUSDT"});
  EXPECT_EQ(names_of(*after, diff.rules_changed), words{"BUSDT"});
}

TEST(symbol_diff, takes_vanishing_and_coming_back_for_removed_and_added) {
  const auto whole = table_from(a + "," + b);
  const auto without = merge_gone(whole, table_from(a), day_one, {});
  const auto vanished = symbol_diff::between(whole, without);
  EXPECT_EQ(names_of(*whole, vanished.removed), words{"BUSDT"});
  EXPECT_TRUE(vanished.added.empty() && vanished.status_changed.empty() && vanished.rules_changed.empty());
  const auto returned = symbol_diff::between(without, whole);
  EXPECT_EQ(names_of(*whole, returned.added), words{"BUSDT"});
  EXPECT_TRUE(returned.removed.empty() && returned.status_changed.empty());
  EXPECT_TRUE(symbol_diff::between(without, table_from(a)).empty()) << "it was told already";
}

TEST(symbol_diff, compares_rules_by_value) {
  const auto other = table_from(plain("BUSDT", "TRADING", price_filter("0.1")));
  EXPECT_TRUE(symbol_diff::between(table_from(b), other).empty());
  EXPECT_EQ(symbol_diff::between(nullptr, other).added.size(), 1u);
}

TEST(symbol_diff, takes_a_market_lot_that_moved_for_no_change) {
  const auto body = test::recording("spot_2022-09-22.json");
  if (!body)
    GTEST_SKIP() << "no recordings at " HOLDFAST_SHARED_DATA;
  auto moved = *body;
  const std::string key = "\"filterType\":\"MARKET_LOT_SIZE\",\"minQty\":\"0.00000000\",\"maxQty\":\"";
  std::size_t changed = 0;
  for (auto at = moved.find(key); at != std::string::npos; at = moved.find(key, at + 1)) {
    auto& digit = moved[at + key.size()];
    digit = digit == '9' ? '1' : static_cast<char>(digit + 1);
    ++changed;
  }
  ASSERT_GT(changed, 1000u);
  const auto first = read_exchange_info(*body, {});
  const auto second = read_exchange_info(moved, {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->table->content_hash(), second->table->content_hash());
  EXPECT_TRUE(symbol_diff::between(first->table, second->table).empty());
}

} // namespace
} // namespace holdfast

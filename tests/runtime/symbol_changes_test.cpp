#include <algorithm>

#include <gtest/gtest.h>

#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_diff.hpp"
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
  EXPECT_NE(merge_gone(second, table_from(a), day_one + std::chrono::days{30}, {})->find("BUSDT"), nullptr);
  EXPECT_EQ(merge_gone(second, table_from(a), day_one + std::chrono::days{30} + 1ms, {})->find("BUSDT"), nullptr);
  EXPECT_EQ(merge_gone(first, table_from(a), day_one + 1min, {}, 30s)->find("BUSDT"), nullptr);
  EXPECT_NE(merge_gone(first, table_from(a), day_one - 1h, {})->find("BUSDT"), nullptr) << "the clock stepped back";
}

TEST(merge_gone, gives_way_to_the_symbol_that_comes_back) {
  const auto whole = table_from(a + "," + b + "," + c);
  const auto without = merge_gone(whole, table_from(a + "," + c), day_one, {});
  const auto back = merge_gone(without, table_from(a + "," + b + "," + c), day_one + 1h, {});
  EXPECT_EQ(back->find("BUSDT")->status, symbol_status::trading);
  EXPECT_EQ(back->content_hash(), whole->content_hash());
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

#include "runtime/exchange_info.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "runtime/fencing_token.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"
#include "tests/support/runtime_recordings.hpp"

namespace holdfast {
namespace {

const list_rules usdt{{"USDT"}, {"BTC", "ETH", "BNB", "SOL", "ADA", "AVAX", "DOT", "MATIC", "LINK", "UNI"}};

std::string body_of(const std::string& symbols) { return "{\"serverTime\":1,\"symbols\":[" + symbols + "]}"; }

std::string plain(const std::string& name, const std::string& status = "TRADING", const std::string& more = "") {
  return "{\"symbol\":\"" + name + "\",\"status\":\"" + status
         + "\",\"baseAsset\":\"" + name.substr(0, name.size() - 4) + "\",\"quoteAsset\":\"USDT\"" + more + "}";
}

std::vector<std::string> names(const symbol_table& table) {
  std::vector<std::string> out;
  for (const auto id : table.listed())
    out.emplace_back(table.symbols()[id].name);
  return out;
}

class recordings : public ::testing::TestWithParam<std::pair<const char*, std::size_t>> {};

TEST_P(recordings, list_is_what_a_simple_reader_makes_of_it) {
  const auto body = test::recording(GetParam().first);
  if (!body)
    GTEST_SKIP() << "no recordings at " HOLDFAST_SHARED_DATA;
  const auto info = read_exchange_info(*body, usdt);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->bad_symbols, 0u);

  rapidjson::Document document;
  document.Parse(body->c_str());
  std::map<std::string, std::vector<std::string>> first;
  std::set<std::string> rest;
  for (const auto& one : document["symbols"].GetArray()) {
    if (std::string{one["status"].GetString()} != "TRADING" || std::string{one["quoteAsset"].GetString()} != "USDT")
      continue;
    const std::string base = one["baseAsset"].GetString();
    if (std::find(usdt.priority_assets.begin(), usdt.priority_assets.end(), base) != usdt.priority_assets.end())
      first[base].emplace_back(one["symbol"].GetString());
    else
      rest.emplace(one["symbol"].GetString());
  }
  std::vector<std::string> wanted;
  for (const auto& asset : usdt.priority_assets)
    wanted.insert(wanted.end(), first[asset].begin(), first[asset].end());
  wanted.insert(wanted.end(), rest.begin(), rest.end());
  EXPECT_EQ(names(*info->table), wanted);
  EXPECT_EQ(wanted.size(), GetParam().second);
  EXPECT_LE(info->table->memory(), info->table->size() * 320);

  for (const auto& one : document["symbols"].GetArray()) {
    const auto* found = info->table->find(one["symbol"].GetString());
    ASSERT_NE(found, nullptr);
    for (const auto& filter : one["filters"].GetArray()) {
      const std::string type = filter["filterType"].GetString();
      if (type == "PRICE_FILTER") {
        EXPECT_EQ(found->tick_size.text(), filter["tickSize"].GetString());
      }
      if (type == "LOT_SIZE") {
        EXPECT_EQ(found->max_quantity.text(), filter["maxQty"].GetString());
      }
    }
  }
}

TEST_P(recordings, survive_the_store_in_both_forms) {
  const auto body = test::recording(GetParam().first);
  if (!body)
    GTEST_SKIP() << "no recordings at " HOLDFAST_SHARED_DATA;
  const auto info = read_exchange_info(*body, usdt);
  ASSERT_TRUE(info);
  const auto list = read_symbol_list(info->table->list_json(), usdt);
  ASSERT_TRUE(list) << list.error();
  EXPECT_EQ((*list)->list_json(), info->table->list_json());

  const encoded_symbols full{info->table, symbols_source::public_api, wall_time{std::chrono::seconds{7}}, {8, 9}, "mark",
                             wall_time{std::chrono::seconds{5}}};
  const auto decoded = decode_symbols(encode_symbols(full), usdt);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->table->content_hash(), info->table->content_hash());
  EXPECT_EQ(decoded->table->list_json(), info->table->list_json());
  EXPECT_EQ(decoded->order, full.order);
  EXPECT_EQ(decoded->fetched_at, full.fetched_at);
  EXPECT_EQ(decoded->fingerprint, "mark");
  EXPECT_EQ(decoded->judged_since, full.judged_since);
  auto later = full;
  later.judged_since = wall_time{std::chrono::seconds{8}};
  EXPECT_EQ(decode_symbols(encode_symbols(later), usdt)->judged_since, full.fetched_at);
  EXPECT_EQ(decoded->source, symbols_source::public_api);
  EXPECT_EQ(encode_symbols(*decoded), encode_symbols(full));
}

INSTANTIATE_TEST_SUITE_P(all, recordings,
                         ::testing::Values(std::pair{"spot_2020-10-09.json", std::size_t{190}},
                                         std::pair{"spot_2022-09-22.json", std::size_t{345}},
                                         std::pair{"futures_2022-12-22.json", std::size_t{148}},
                                         std::pair{"futures_2025-08-22.json", std::size_t{477}}));

TEST(exchange_info, one_bad_symbol_never_costs_the_others) {
  const auto info = read_exchange_info(body_of(plain("AUSDT") + ",{\"symbol\":7},{},[],null,5," + plain("\xFFUSDT") + ","
                                               + plain("BUSDT", "TRADING", ",\"filters\":[null,{\"filterType\":null}]") + ","
                                               + plain("AUSDT")),
                                       usdt);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(names(*info->table), (std::vector<std::string>{"AUSDT", "BUSDT"}));
  EXPECT_EQ(info->bad_symbols, 7u);
}

TEST(exchange_info, a_lone_surrogate_is_repaired_and_costs_no_other_symbol) {
  for (const auto* lone : {"\\uD800", "\\udbff", "\\uDC00", "\\uD800\\uD800", "\\udc00\\ud800", "\\uD800x"}) {
    const auto info = read_exchange_info(body_of(plain("AUSDT") + "," + plain(std::string{lone} + "USDT")), usdt);
    ASSERT_TRUE(info) << lone << ' ' << info.error().message;
    EXPECT_NE(info->table->find("AUSDT"), nullptr);
    EXPECT_EQ(info->table->size(), 2u);
    EXPECT_TRUE(info->table->symbols()[1].name.starts_with("\xEF\xBF\xBD")) << lone;
  }
}

TEST(exchange_info, a_surrogate_pair_is_one_character_beside_a_lone_one) {
  const auto info = read_exchange_info(body_of(plain("\\ud83d\\ude00USDT") + "," + plain("\\uD800USDT")), usdt);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_NE(info->table->find("\U0001F600USDT"), nullptr);
}

TEST(exchange_info, an_escaped_backslash_begins_no_escape) {
  const auto info = read_exchange_info(body_of(plain("\\\\ud800USDT") + "," + plain("\\\\\\uD800USDT")), usdt);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_NE(info->table->find("\\ud800USDT"), nullptr);
  EXPECT_NE(info->table->find("\\\xEF\xBF\xBDUSDT"), nullptr);
}

TEST(exchange_info, a_symbol_with_an_asset_that_is_no_text_is_found_but_not_listed) {
  const auto info = read_exchange_info(
    body_of(plain("AUSDT") + ",{\"symbol\":\"BUSDT\",\"status\":\"TRADING\",\"baseAsset\":\"\xFF\",\"quoteAsset\":\"USDT\"}"),
    {});
  ASSERT_TRUE(info);
  EXPECT_NE(info->table->find("BUSDT"), nullptr);
  EXPECT_EQ(names(*info->table), std::vector<std::string>{"AUSDT"});
}

TEST(exchange_info, a_rule_that_is_no_text_is_absent) {
  const auto info = read_exchange_info(
    body_of(plain("AUSDT", "TRADING", ",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"\xFF\",\"minPrice\":\"1\"}]")),
    usdt);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->table->find("AUSDT")->tick_size.text(), "");
  EXPECT_EQ(info->table->find("AUSDT")->min_price.text(), "1");
  EXPECT_EQ(info->table->list_json().find('\xFF'), std::string::npos);
}

TEST(symbol_codec, a_token_that_nobody_can_have_been_given_makes_the_value_unusable) {
  const auto info = read_exchange_info(body_of(plain("BTCUSDT")), usdt);
  ASSERT_TRUE(info);
  const auto with = [&](std::uint64_t token) {
    return encode_symbols({info->table, symbols_source::public_api, {}, {token, 0}, "mark", {}});
  };
  EXPECT_TRUE(decode_symbols(with(token_max), usdt));
  EXPECT_FALSE(decode_symbols(with(token_max + 1), usdt));
  EXPECT_FALSE(parse_table_order(to_text(table_order{token_max + 1, 0})).known());
  EXPECT_EQ(parse_table_order(to_text(table_order{token_max, 7})), (table_order{token_max, 7}));
}

TEST(symbol_codec, a_table_that_is_not_there_becomes_text_that_is_refused) {
  EXPECT_EQ(encode_symbols({}), "");
  EXPECT_FALSE(decode_symbols("", usdt));
}

TEST(symbol_codec, a_table_that_could_not_be_read_again_is_not_written) {
  symbol_table_builder builder;
  for (int i = 0; i < 200'000; ++i) {
    const auto name = std::to_string(i) + "USDT";
    builder.add({.name = name, .base_asset = name, .quote_asset = "USDT", .status_text = "TRADING"});
  }
  EXPECT_EQ(encode_symbols({.table = builder.build({})}), "");
}

// 60 MB of such elements would be a gigabyte once parsed.
TEST(exchange_info, a_value_of_more_than_16_mib_is_refused_unread) {
  std::string ones = "[1";
  while (ones.size() <= 16u << 20)
    ones += ",1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1";
  ones += ']';
  const auto list = read_symbol_list(ones, usdt);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error(), "the value has " + std::to_string(ones.size()) + " bytes, more than a symbol list may have");
  EXPECT_FALSE(decode_symbols(ones, usdt));
}

TEST(exchange_info, escaped_and_raw_names_are_the_same_symbol) {
  const auto raw = read_exchange_info(body_of(plain("币安人生USDT")), usdt);
  const auto escaped = read_exchange_info(body_of(plain("\\u5e01\\u5b89\\u4eba\\u751fUSDT")), usdt);
  ASSERT_TRUE(raw && escaped);
  EXPECT_NE(escaped->table->find("币安人生USDT"), nullptr);
  EXPECT_EQ(names(*raw->table), names(*escaped->table));
}

TEST(exchange_info, the_unknown_is_counted_and_kept) {
  const auto info = read_exchange_info(
    body_of(plain("AUSDT", "SLEEPING", ",\"contractType\":\"ODD\",\"newField\":1,\"filters\":[{\"filterType\":\"NEW\"}]")), usdt);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->unknown.size(), 4u);
  ASSERT_NE(info->table->find("AUSDT"), nullptr);
  EXPECT_EQ(info->table->find("AUSDT")->status_text, "SLEEPING");
  EXPECT_TRUE(info->table->listed().empty());
}

TEST(exchange_info, deep_nesting_is_skipped) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const auto info = read_exchange_info(body_of(plain("AUSDT", "TRADING", ",\"x\":" + deep)), usdt);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_NE(info->table->find("AUSDT"), nullptr);
}

TEST(exchange_info, a_number_too_big_for_json_costs_itself_only) {
  const auto odd = ",\"onboardDate\":1e400,\"deliveryDate\":7,\"x\":[-1E+999," + std::string(400, '9') + "]";
  for (const auto* escape : {"", ",\"y\":\"\\u0041\\\\\""}) {
    const auto info = read_exchange_info(body_of(plain("AUSDT", "TRADING", odd + escape) + "," + plain("BUSDT")), usdt);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(names(*info->table), (std::vector<std::string>{"AUSDT", "BUSDT"}));
    EXPECT_EQ(info->table->find("AUSDT")->onboard_ms, 0);
    EXPECT_EQ(info->table->find("AUSDT")->delivery_ms, 7);
  }
}

TEST(exchange_info, a_nul_behind_a_number_too_big_is_still_an_error) {
  const auto body = body_of(plain("AUSDT", "TRADING", ",\"onboardDate\":1e400,\"x") + std::string(1, '\0') + ":1}");
  EXPECT_FALSE(read_exchange_info(body, usdt));
}

TEST(exchange_info, too_many_numbers_too_big_for_json_are_an_error) {
  std::string numbers = "1e999";
  for (int i = 0; i < 100; ++i)
    numbers += ",1e999";
  EXPECT_FALSE(read_exchange_info(body_of(plain("AUSDT", "TRADING", ",\"x\":[" + numbers + "]")), usdt));
}

TEST(exchange_info, nesting_beyond_a_million_levels_is_an_error) {
  const std::string deep = std::string(1'000'100, '[') + std::string(1'000'100, ']');
  EXPECT_FALSE(read_exchange_info(body_of(plain("AUSDT", "TRADING", ",\"x\":" + deep)), usdt));
}

TEST(exchange_info, of_two_notional_filters_the_stricter_holds) {
  const std::string five = "{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"5.00\"}";
  const std::string ten = "{\"filterType\":\"NOTIONAL\",\"minNotional\":\"10\"}";
  const std::string futures = "{\"notional\":\"100\",\"filterType\":\"MIN_NOTIONAL\"}";
  const auto least = [](const std::string& filters) {
    const auto info = read_exchange_info(body_of(plain("AUSDT", "TRADING", ",\"filters\":[" + filters + "]")), usdt);
    return std::string{info->table->find("AUSDT")->min_notional.text()};
  };
  EXPECT_EQ(least(five), "5.00");
  EXPECT_EQ(least(ten), "10");
  EXPECT_EQ(least(futures), "100");
  EXPECT_EQ(least(five + "," + ten), "10");
  EXPECT_EQ(least(ten + "," + five), "10");
}

TEST(exchange_info, a_repeated_key_counts_as_written_last_and_a_repeated_symbol_not_at_all) {
  const auto info = read_exchange_info(
    body_of(plain("AUSDT", "TRADING", ",\"status\":\"BREAK\",\"permissions\":[\"X\"],\"permissions\":[\"Y\"]") + ","
            + plain("AUSDT")),
    usdt);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->table->find("AUSDT")->status, symbol_status::break_);
  EXPECT_EQ(info->table->find("AUSDT")->permissions, "Y");
  EXPECT_EQ(info->bad_symbols, 1u);
}

TEST(exchange_info, an_error_of_the_exchange_is_told_with_its_code) {
  const auto info = read_exchange_info("{\"code\":-1003,\"msg\":\"Too many requests\"}", usdt);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, -1003);
}

TEST(exchange_info, what_is_no_list_is_refused) {
  for (const auto* body : {"", "{", "[]", "{}", "<html>", "{\"symbols\":7}", "null", "{\"symbols\":[{\"symbol\":\"A"})
    EXPECT_FALSE(read_exchange_info(body, usdt)) << body;
  const auto whole = body_of(plain("AUSDT"));
  for (std::size_t at = 0; at <= whole.size(); ++at)
    EXPECT_FALSE(read_exchange_info(std::string{whole}.insert(at, 1, '\0'), usdt)) << at;
  EXPECT_TRUE(read_exchange_info(" " + whole + "\r\n\t ", usdt));
}

TEST(exchange_info, rules_keep_the_spelling_and_the_value_where_zeros_would_not_fit) {
  const auto info = read_exchange_info(
    body_of(plain("AUSDT", "TRADING",
                  ",\"filters\":[{\"filterType\":\"LOT_SIZE\",\"maxQty\":\"9223372036854775807.00000000\"}]")),
    usdt);
  ASSERT_TRUE(info);
  const auto& rule = info->table->find("AUSDT")->max_quantity;
  EXPECT_EQ(rule.text(), "9223372036854775807.00000000");
  EXPECT_TRUE(rule.present());
  EXPECT_EQ(rule.value(), *decimal::parse("9223372036854775807"));
}

} // namespace
} // namespace holdfast

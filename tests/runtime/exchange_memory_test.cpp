#include "runtime/exchange_memory.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "runtime/whole_file.hpp"
#include "tests/support/runtime_manual_clock.hpp"
#include "tests/support/runtime_symbols.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct memory_of_sizes : ::testing::Test {
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
  exchange_memory memory{"", clock, false};

  // Whether less is asked for until then and no longer.
  void expect_smaller_for(std::chrono::nanoseconds time) {
    clock->advance(time - 1ns);
    EXPECT_FALSE(memory.asks_for_whole());
    EXPECT_TRUE(memory.facts().without_permission_sets);
    clock->advance(1ns);
    EXPECT_TRUE(memory.asks_for_whole());
    EXPECT_FALSE(memory.facts().without_permission_sets);
  }
};

TEST_F(memory_of_sizes, one_body_that_is_too_large_is_remembered_for_ten_minutes) {
  EXPECT_TRUE(memory.asks_for_whole());
  EXPECT_FALSE(memory.facts().without_permission_sets);
  memory.whole_was_too_large();
  expect_smaller_for(10min);
}

TEST_F(memory_of_sizes, another_one_within_a_day_is_remembered_for_a_day_and_the_next_as_well) {
  memory.whole_was_too_large();
  clock->advance(10min + 24h - 1ns);
  memory.whole_was_too_large();
  expect_smaller_for(24h);
  memory.whole_was_too_large();
  expect_smaller_for(24h);
}

TEST_F(memory_of_sizes, after_a_day_without_one_the_next_is_the_first_again) {
  memory.whole_was_too_large();
  clock->advance(10min + 24h);
  memory.whole_was_too_large();
  expect_smaller_for(10min);
}

TEST_F(memory_of_sizes, questions_that_were_under_way_together_are_one) {
  memory.whole_was_too_large();
  clock->advance(5s);
  memory.whole_was_too_large();
  expect_smaller_for(10min - 5s);
}

TEST_F(memory_of_sizes, the_first_one_of_a_machine_that_has_just_started_is_the_first) {
  clock->advance(1min - clock->boot_now().time_since_epoch());
  EXPECT_TRUE(memory.asks_for_whole());
  memory.whole_was_too_large();
  expect_smaller_for(10min);
}

TEST(refused_table, is_kept_with_its_reason_as_json_also_where_the_table_is_too_large_to_be_written) {
  const test::temporary_folder folder;
  const auto kept = [&](symbol_table_ptr table) {
    exchange_memory{folder.file("refused.json"), std::make_shared<test::manual_clock>(), false}.refused(
      {std::move(table), symbols_source::public_api, {gate_reason::shrunk, "too \"few\""}, {}, {}});
    rapidjson::Document document;
    document.Parse(read_beginning(folder.file("refused.json"), 32u << 20).c_str());
    EXPECT_FALSE(document.HasParseError());
    EXPECT_STREQ(document["reason"].GetString(), "shrunk");
    EXPECT_STREQ(document["detail"].GetString(), "too \"few\"");
    return document;
  };
  EXPECT_EQ(kept(test::table_from(test::plain("BTCUSDT")))["table"]["symbols"].Size(), 1u);
  symbol_table_builder builder;
  for (int i = 0; i < 200'000; ++i) {
    const auto name = std::to_string(i) + "USDT";
    builder.add({.name = name, .base_asset = name, .quote_asset = "USDT", .status_text = "TRADING"});
  }
  EXPECT_TRUE(kept(builder.build({}))["table"].IsNull());
}

} // namespace
} // namespace holdfast

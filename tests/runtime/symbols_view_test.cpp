#include "runtime/symbols_view.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "tests/support/runtime_manual_clock.hpp"
#include "tests/support/runtime_symbols.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::names_of;
using test::plain;
using test::table_from;
using words = std::vector<std::string>;

struct symbols_view_test : ::testing::Test {
  std::shared_ptr<symbol_board> board = std::make_shared<symbol_board>();
  std::shared_ptr<test::manual_clock> clock = std::make_shared<test::manual_clock>();
  symbols_view view{board, market::spot, clock};

  void publish(symbol_table_ptr table, std::uint64_t version, symbols_source source = symbols_source::public_api) {
    const auto now = clock->boot_now();
    board->publish(market::spot, {std::move(table), source, {}, now, now + 10s, {}, version});
  }
};

TEST_F(symbols_view_test, is_empty_and_stale_without_a_board_or_a_table) {
  symbols_view none;
  for (auto* one : {&none, &view}) {
    EXPECT_EQ(one->find("BTCUSDT"), nullptr);
    EXPECT_EQ(one->at(0), nullptr);
    EXPECT_TRUE(one->list().empty() && one->complete("").empty() && one->symbols().empty() && one->listed().empty());
    EXPECT_EQ(one->size(), 0u);
    EXPECT_TRUE(one->stale());
    EXPECT_EQ(one->age(), std::nullopt);
    EXPECT_EQ(one->source(), symbols_source::none);
    EXPECT_EQ(one->version(), 0u);
    EXPECT_EQ(one->table(), nullptr);
  }
}

TEST_F(symbols_view_test, sees_a_new_table_and_ages) {
  publish(table_from(plain("AUSDT")), 1);
  EXPECT_NE(view.find("AUSDT"), nullptr);
  EXPECT_EQ(view.find("BUSDT"), nullptr);
  EXPECT_FALSE(view.stale());
  clock->advance(11s);
  EXPECT_TRUE(view.stale());
  EXPECT_EQ(view.age(), 11s);
  publish(table_from(plain("BUSDT")), 2, symbols_source::cache);
  EXPECT_EQ(view.find("AUSDT"), nullptr);
  EXPECT_NE(view.find("BUSDT"), nullptr);
  EXPECT_EQ(view.version(), 2u);
  EXPECT_EQ(view.source(), symbols_source::cache);
  EXPECT_EQ(view.age(), 0s);
}

TEST_F(symbols_view_test, keeps_its_table_alive_until_it_looks_again) {
  publish(table_from(plain("AUSDT")), 1);
  const auto* held = view.find("AUSDT");
  publish(table_from(plain("BUSDT")), 2);
  publish(table_from(plain("CUSDT")), 3);
  EXPECT_EQ(held->name, "AUSDT");
  EXPECT_EQ(held->quote_asset, "USDT");
}

TEST_F(symbols_view_test, completes_prefixes_in_byte_order_in_whatever_status) {
  publish(table_from(plain("BTCUSDT") + "," + plain("BTCBUSD", "BREAK") + "," + plain("BUSDT") + "," + plain("ETHUSDT") + ","
                     + plain("币安人生USDT") + "," + plain("币USDT")),
          1);
  EXPECT_EQ(names_of(view.complete("BTC")), (words{"BTCBUSD", "BTCUSDT"}));
  EXPECT_EQ(names_of(view.complete("B")), (words{"BTCBUSD", "BTCUSDT", "BUSDT"}));
  EXPECT_EQ(names_of(view.complete("币")), (words{"币USDT", "币安人生USDT"}));
  EXPECT_EQ(view.complete("").size(), 6u);
  EXPECT_TRUE(view.complete("BTCUSDTX").empty());
  EXPECT_TRUE(view.complete("Z").empty());
}

TEST_F(symbols_view_test, finds_by_dense_id_and_goes_through_the_list_in_order) {
  publish(table_from(plain("CUSDT") + "," + plain("AUSDT", "BREAK") + "," + plain("BUSDT")), 1);
  EXPECT_EQ(view.at(0)->name, "CUSDT");
  EXPECT_EQ(view.at(1)->name, "AUSDT");
  EXPECT_EQ(view.at(3), nullptr);
  EXPECT_EQ(view.table()->id(*view.find("BUSDT")), 2u);
  EXPECT_EQ(names_of(view.list()), (words{"BUSDT", "CUSDT"}));
  EXPECT_EQ(view.list()[0].name, "BUSDT");
  EXPECT_EQ(view.size(), 2u);
}

TEST_F(symbols_view_test, finds_names_of_every_length_and_nothing_else) {
  std::string rows;
  words names;
  for (std::size_t length = 1; length <= 64; ++length) {
    names.push_back(std::string(length - 1, 'A') + 'Z');
    rows += (rows.empty() ? "" : ",") + std::string{"{\"symbol\":\""} + names.back() + "\"}";
  }
  publish(table_from(rows), 1);
  for (const auto& name : names) {
    ASSERT_NE(view.find(name), nullptr) << name;
    EXPECT_EQ(view.find(name)->name, name);
    EXPECT_EQ(view.find(name + '\0'), nullptr);
    EXPECT_EQ(view.find(name + "Y"), nullptr);
    EXPECT_EQ(view.find(name.substr(0, name.size() - 1)), nullptr);
    EXPECT_EQ(view.find(std::string(name.size(), 'A')), nullptr);
  }
  EXPECT_EQ(view.find(std::string(65, 'A')), nullptr);
  EXPECT_EQ(view.find(std::string(100'000, 'A')), nullptr);
}

TEST(symbols_view, of_many_threads_sees_only_whole_tables_while_they_are_replaced) {
  const auto board = std::make_shared<symbol_board>();
  const auto clock = std::make_shared<test::manual_clock>();
  const std::array tables{table_from(plain("AUSDT") + "," + plain("BUSDT")), table_from(plain("AUSDT", "BREAK"))};
  board->publish(market::spot, {tables[0], symbols_source::cache, {}, {}, {}, {}, 1});
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&](const std::stop_token& stop) {
      symbols_view view{board, market::spot, clock};
      std::uint64_t before = 0;
      while (!stop.stop_requested()) {
        const auto table = view.table();
        const auto* one = table->find("AUSDT");
        ASSERT_NE(one, nullptr);
        ASSERT_EQ(one->trading(), table->size() == 2);
        const auto version = view.version();
        ASSERT_GE(version, before);
        before = version;
      }
    });
  for (std::uint64_t version = 2; version < 3000; ++version)
    board->publish(market::spot, {tables[version % 2], symbols_source::cache, {}, {}, {}, {}, version});
}

} // namespace
} // namespace holdfast

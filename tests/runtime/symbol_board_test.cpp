#include "runtime/symbol_board.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

TEST(symbol_board, answers_without_a_table_before_the_first_publication) {
  symbol_board board;
  ASSERT_NE(board.current(market::spot), nullptr);
  EXPECT_EQ(board.current(market::spot)->table, nullptr);
  EXPECT_EQ(board.current(market::spot)->source, symbols_source::none);
}

TEST(symbol_board, a_publication_changes_its_market_only) {
  symbol_board board;
  const auto spot = board.publication(market::spot);
  const auto futures = board.publication(market::futures);
  board.publish(market::spot, {.source = symbols_source::public_api});
  EXPECT_NE(board.publication(market::spot), spot);
  EXPECT_EQ(board.publication(market::futures), futures);
  EXPECT_EQ(board.current(market::spot)->source, symbols_source::public_api);
}

TEST(symbol_board, a_replaced_publication_lives_while_it_is_held) {
  symbol_board board;
  board.publish(market::spot, {.source = symbols_source::cache});
  auto held = board.current(market::spot);
  board.publish(market::spot, {.source = symbols_source::public_api});
  EXPECT_EQ(held->source, symbols_source::cache);
}

TEST(symbol_board, a_replaced_publication_is_freed_by_the_publisher_and_not_by_the_last_reader) {
  symbol_board board;
  board.publish(market::spot, {.source = symbols_source::cache});
  auto held = board.current(market::spot);
  const std::weak_ptr<const published_symbols> first = held;
  board.publish(market::spot, {.source = symbols_source::public_api});
  held = board.current(market::spot);
  EXPECT_FALSE(first.expired());
  board.publish(market::spot, {.source = symbols_source::public_api});
  EXPECT_TRUE(first.expired());
  held.reset();
  const std::weak_ptr<const published_symbols> unheld = board.current(market::spot);
  board.publish(market::spot, {.source = symbols_source::public_api});
  EXPECT_TRUE(unheld.expired());
}

TEST(published_symbols, is_fresh_until_its_instant_and_never_from_last_good) {
  const boot_time now{100s};
  published_symbols table{.source = symbols_source::cache, .fresh_until = now + 1s};
  EXPECT_TRUE(table.fresh(now));
  EXPECT_FALSE(table.fresh(now + 1s));
  table.source = symbols_source::last_good;
  EXPECT_FALSE(table.fresh(now));
}

} // namespace
} // namespace holdfast

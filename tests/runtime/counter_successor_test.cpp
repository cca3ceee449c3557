// Rows that go on under a fresh id, because a copy of their ledger was adopted and the file's id retired.
#include <gtest/gtest.h>

#include "tests/support/runtime_protocol_row.hpp"

namespace holdfast {
namespace {

using test::protocol_row;
using test::protocol_store;

class successor : public ::testing::Test {
protected:
  protocol_store store;
  protocol_row row;

  void count(std::uint64_t added) { row.sums.added += added; }
  void count_and_merge(std::uint64_t added) {
    count(added);
    ASSERT_EQ(row.merge(store), merge_action::done);
  }
  std::int64_t value() { return store.value().value_or(0); }
  void adopt_a_copy() {
    protocol_row copy = row;
    copy.die();
    copy.merge(store);
  }
};

TEST_F(successor, copies_of_one_ledger_meet_again_under_one_fresh_id) {
  count_and_merge(5);
  protocol_row early = row;
  count(2);
  protocol_row late = row;
  early.die();
  early.merge(store);
  late.die();
  late.merge(store);
  count_and_merge(4);
  EXPECT_EQ(value(), 11);
}

TEST_F(successor, a_fresh_id_that_the_store_forgot_starts_from_what_it_holds_of_the_old_one) {
  count_and_merge(5);
  protocol_row copy = row;
  copy.die();
  copy.merge(store);
  count_and_merge(2);
  store.empty();
  EXPECT_EQ(row.merge(store), merge_action::done);
  count_and_merge(1);
  EXPECT_EQ(value(), 8);
}

TEST_F(successor, a_fresh_id_that_never_came_to_the_store_is_not_begun_in_an_emptied_one) {
  count(5);
  adopt_a_copy();
  count(2);
  while (!is_set(row.book.writer)) {
    const auto made = row.request();
    row.take(*made, store.merge(made->row));
  }
  row.basis.reset(); // killed, and the store emptied, before the fresh id was sent
  store.empty();
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 7);
}

} // namespace
} // namespace holdfast

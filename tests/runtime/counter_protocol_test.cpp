// The rules of the merge, in the order of the table in docs/ledger-format.md, each by its name.
#include "runtime/counter_protocol.hpp"

#include <gtest/gtest.h>

#include "tests/support/runtime_protocol_row.hpp"

namespace holdfast {
namespace {

using test::protocol_row;
using test::protocol_store;

class protocol : public ::testing::Test {
protected:
  protocol_store store;
  protocol_row row;

  void count(std::uint64_t added, std::uint64_t subtracted = 0) {
    row.sums.added += added;
    row.sums.subtracted += subtracted;
  }
  void count_and_merge(std::uint64_t added) {
    count(added);
    ASSERT_EQ(row.merge(store), merge_action::done);
  }
  // Carried out, but nobody hears of it.
  void merge_without_reply() { store.merge(row.request()->row); }
  // Sent, and never carried out.
  void lose_request() { (void)row.request(); }
  std::int64_t value() { return store.value().value_or(0); }
};

// Row 1: my field, marked retired.

TEST_F(protocol, a_retired_field_is_left_alone_by_a_late_duplicate) {
  count(5);
  protocol_row copy = row;
  copy.die();
  copy.merge(store);
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 5);
  EXPECT_EQ(row.book.carried.added, 5u);
}

TEST_F(protocol, a_ledger_whose_copy_was_adopted_goes_on_under_a_fresh_id) {
  count(5);
  protocol_row copy = row;
  copy.die();
  copy.merge(store);
  count_and_merge(2);
  EXPECT_EQ(value(), 7);
  EXPECT_TRUE(is_set(row.book.writer));
  EXPECT_EQ(row.book.carried.added, 5u);
}

TEST_F(protocol, an_owner_that_learned_of_its_retirement_is_not_doubled_when_the_store_forgets_the_retired_id) {
  count_and_merge(5);
  protocol_row copy = row;
  copy.die();
  copy.verify = true;
  copy.merge(store);
  row.verify = true;
  EXPECT_EQ(row.merge(store), merge_action::done);
  store.forget_retired();
  row.verify = true;
  count_and_merge(1);
  EXPECT_EQ(value(), 6);
}

TEST_F(protocol, the_fresh_id_is_in_the_file_before_it_is_sent) {
  count(5);
  protocol_row copy = row;
  copy.die();
  copy.merge(store);
  count(2);
  while (!is_set(row.book.writer)) {
    const auto made = row.request();
    row.take(*made, store.merge(made->row));
  }
  EXPECT_EQ(value(), 5);
  merge_without_reply();
  row.die();
  row.merge(store);
  EXPECT_EQ(value(), 7);
}

// Row 2: my field, as expected.

TEST_F(protocol, what_is_new_is_added) {
  count_and_merge(5);
  count(4, 2);
  row.merge(store);
  EXPECT_EQ(value(), 7);
  store.increase(100);
  count_and_merge(1);
  EXPECT_EQ(value(), 108);
}

TEST_F(protocol, a_deleted_counter_begins_anew) {
  count_and_merge(5);
  store.erase_counter();
  count_and_merge(3);
  EXPECT_EQ(value(), 3);
}

// Row 3: my field, ahead of what I expected.

TEST_F(protocol, a_lost_reply_is_found_and_not_added_again) {
  count_and_merge(5);
  count(3);
  merge_without_reply();
  count_and_merge(8);
  EXPECT_EQ(value(), 16);
}

TEST_F(protocol, a_late_duplicate_changes_nothing) {
  count_and_merge(5);
  count(3);
  const auto made = row.request();
  row.take(*made, store.merge(made->row));
  EXPECT_EQ(store.merge(made->row).outcome, merge_outcome::mismatch);
  EXPECT_EQ(value(), 8);
}

// Row 4: my field, behind what I expected.

TEST_F(protocol, a_store_that_went_back_heals) {
  count_and_merge(5);
  const auto early = store.look(to_text(row.file_writer));
  count_and_merge(3);
  store.empty();
  store.set_counter("5");
  const merge_row of_before{test::protocol_key, to_text(row.file_writer), {{}, {}, true}, early.states[0], early.generation, 0};
  ASSERT_EQ(store.merge(of_before).outcome, merge_outcome::merged);
  count_and_merge(1);
  EXPECT_EQ(value(), 9);
  EXPECT_EQ(row.ambiguous, 0u);
}

// Row 5: my field, ahead of my sums.

TEST_F(protocol, an_owner_whose_file_went_back_raises_its_sums) {
  count_and_merge(5);
  row.sums = {3, 0};
  row.book = {};
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(row.sums.added, 5u);
  EXPECT_EQ(value(), 5);
}

TEST_F(protocol, sums_below_what_was_merged_are_never_sent_as_a_difference) {
  count_and_merge(5);
  row.sums = {3, 0};
  row.merge(store);
  EXPECT_EQ(row.sums.added, 5u);
  EXPECT_EQ(value(), 5);
}

TEST_F(protocol, an_adopter_sends_and_retires_nothing_of_a_writer_that_lives_elsewhere) {
  count_and_merge(5);
  protocol_row copy = row;
  copy.sums = {3, 0};
  copy.book = {};
  copy.die();
  EXPECT_EQ(copy.merge(store), merge_action::abandon);
  copy.finished = false;
  copy.book = row.book;
  EXPECT_EQ(copy.merge(store), merge_action::abandon);
  EXPECT_EQ(store.look(to_text(row.file_writer)).states[0], "5 0");
}

// Row 6: no field of mine, a generation I know.

TEST_F(protocol, a_store_from_before_our_first_merge_heals) {
  count_and_merge(5);
  store.empty();
  const merge_row other{test::protocol_key, to_text(random_ledger_id()), {}, "1 0", to_text(row.book.generation), 1};
  ASSERT_EQ(store.merge(other).outcome, merge_outcome::merged);
  EXPECT_EQ(row.merge(store), merge_action::done);
  count_and_merge(1);
  EXPECT_EQ(value(), 7);
}

TEST_F(protocol, what_counted_as_there_when_we_joined_is_not_added_again_by_a_store_that_went_back) {
  count_and_merge(5);
  store.lose_bookkeeping();
  count_and_merge(2);
  ASSERT_EQ(value(), 7);
  store.empty();
  store.set_counter("5");
  const merge_row other{test::protocol_key, to_text(random_ledger_id()), {{}, {}, true}, "0 0", to_text(row.book.generation), 0};
  ASSERT_EQ(store.merge(other).outcome, merge_outcome::merged);
  count_and_merge(1);
  EXPECT_EQ(value(), 8);
}

// Row 7: no field of mine, a generation I do not know.

TEST_F(protocol, another_writer_that_met_the_emptied_store_first_tells_us_so) {
  count_and_merge(5);
  store.empty();
  protocol_row other;
  other.sums = {1, 0};
  other.merge(store);
  count_and_merge(1);
  EXPECT_EQ(value(), 7);
  EXPECT_EQ(row.ambiguous, 0u);
}

TEST_F(protocol, another_writer_that_met_the_counter_without_its_record_tells_us_so) {
  count_and_merge(5);
  store.lose_bookkeeping();
  protocol_row other;
  other.sums = {1, 0};
  other.merge(store);
  count_and_merge(1);
  EXPECT_EQ(value(), 7);
  EXPECT_EQ(row.ambiguous, 1u);
}

TEST_F(protocol, a_lost_first_request_to_another_writers_kept_record_neither_loses_nor_doubles) {
  store.set_counter("100");
  protocol_row other;
  other.sums = {1, 0};
  other.merge(store);
  count(5);
  lose_request();
  lose_request();
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 106);
  EXPECT_EQ(row.ambiguous, 0u);
}

// Row 8: no hash, no counter.

TEST_F(protocol, a_new_counter_gets_everything) {
  count(5, 2);
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 3);
}

TEST_F(protocol, the_first_request_carries_no_increments) {
  count(5);
  const auto made = row.request();
  EXPECT_EQ(made->row.difference, 0);
  EXPECT_EQ(made->row.new_state, "0 0");
  EXPECT_EQ(made->book.sent, ledger_sums{});
}

TEST_F(protocol, an_emptied_store_heals) {
  count_and_merge(5);
  store.empty();
  count_and_merge(1);
  EXPECT_EQ(value(), 6);
  EXPECT_EQ(row.ambiguous, 0u);
}

TEST_F(protocol, a_lost_first_reply_is_found_and_not_added_again) {
  count(5);
  merge_without_reply();
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 5);
}

TEST_F(protocol, a_lost_first_request_beside_a_rival_that_counts_without_us_is_added) {
  count(5);
  lose_request();
  store.increase(3);
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 8);
}

// Row 9: no hash, but a counter.

TEST_F(protocol, a_counter_that_was_there_before_us_is_added_to) {
  store.set_counter("100");
  count_and_merge(5);
  EXPECT_EQ(value(), 105);
  EXPECT_EQ(row.ambiguous, 0u);
}

TEST_F(protocol, lost_bookkeeping_alone_never_doubles) {
  count_and_merge(5);
  store.lose_bookkeeping();
  count_and_merge(1);
  EXPECT_EQ(value(), 6);
  EXPECT_EQ(row.ambiguous, 1u);
}

TEST_F(protocol, a_lost_reply_followed_by_an_eviction_never_doubles) {
  count_and_merge(5);
  count(3);
  merge_without_reply();
  store.lose_bookkeeping();
  count_and_merge(1);
  EXPECT_EQ(value(), 9);
  EXPECT_EQ(row.ambiguous, 1u);
}

TEST_F(protocol, a_lost_first_request_to_a_counter_of_others_is_added_once) {
  store.set_counter("100");
  count(5);
  lose_request();
  merge_without_reply();
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 105);
}

TEST_F(protocol, a_join_carried_out_long_after_it_was_given_up_never_doubles) {
  store.set_counter("100");
  count_and_merge(5);
  store.lose_bookkeeping();
  count(1);
  auto made = row.request();
  row.take(*made, store.merge(made->row));
  const auto late = row.request();
  count_and_merge(2);
  store.lose_bookkeeping();
  ASSERT_EQ(store.merge(late->row).outcome, merge_outcome::merged);
  count_and_merge(4);
  EXPECT_EQ(value(), 112);
}

// The store's epoch sharpens the last two rows.

TEST_F(protocol, what_was_sent_and_given_up_stays_sent_whatever_the_next_request_is_answered) {
  count(5);
  row.merge(store);
  count(3);
  ASSERT_TRUE(row.request()); // nobody hears of it; it may be carried out
  store.empty();
  const auto next = row.request();
  ASSERT_TRUE(next);
  row.take(*next, store.merge(next->row));
  EXPECT_EQ(row.book.sent.added, 8u);
}

TEST_F(protocol, a_rival_that_counted_in_the_emptied_store_before_us_is_told_by_the_fate_of_other_counters) {
  row.past.epoch = random_ledger_id();
  count_and_merge(5);
  store.empty();
  store.set_counter("3");
  row.past = {random_ledger_id(), false, false};
  count(1);
  EXPECT_EQ(row.merge(store), merge_action::wait);
  row.past.emptied = true;
  EXPECT_EQ(row.merge(store), merge_action::wait);
  row.past.asked_others = true;
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 9);
  EXPECT_EQ(row.ambiguous, 0u);
}

TEST_F(protocol, a_lost_epoch_alone_does_not_make_an_emptied_store) {
  row.past.epoch = random_ledger_id();
  count_and_merge(5);
  store.lose_bookkeeping();
  row.past = {random_ledger_id(), false, true};
  count_and_merge(1);
  EXPECT_EQ(value(), 6);
  EXPECT_EQ(row.ambiguous, 1u);
}

// What the store refuses, and what cannot be sent.

TEST_F(protocol, a_refused_row_is_set_aside) {
  store.set_counter("text");
  count(5);
  EXPECT_EQ(row.merge(store), merge_action::set_aside);
  store.set_counter("9223372036854775807");
  EXPECT_EQ(row.merge(store), merge_action::set_aside);
  store.set_counter("1");
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 6);
}

TEST_F(protocol, a_difference_beyond_64_bits_is_not_sent) {
  count(UINT64_MAX);
  EXPECT_EQ(row.merge(store), merge_action::set_aside);
  count(0, UINT64_MAX);
  EXPECT_EQ(row.merge(store), merge_action::done);
  EXPECT_EQ(value(), 0);
}

TEST_F(protocol, reading_takes_for_merged_what_merging_would) {
  const auto counted = [&] {
    const auto found = store.look(to_text(row.file_writer));
    return counted_in_store({found.generation, found.states[0], found.exists}, row.book).added;
  };
  count(5);
  EXPECT_EQ(counted(), 0u);
  row.merge(store);
  EXPECT_EQ(counted(), 5u);
  store.lose_bookkeeping();
  EXPECT_EQ(counted(), 5u);
  store.empty();
  EXPECT_EQ(counted(), 0u);
}

} // namespace
} // namespace holdfast

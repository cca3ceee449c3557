#include "runtime/store_traces.hpp"

#include <gtest/gtest.h>

#include "tests/support/runtime_protocol_row.hpp"

namespace holdfast {
namespace {

// A counter of five that was merged under an epoch.
class traces : public ::testing::Test {
protected:
  const ledger_id epoch = random_ledger_id();
  test::protocol_store store;
  test::protocol_row row;

  void SetUp() override {
    row.past.epoch = epoch;
    row.sums.added = 5;
    ASSERT_EQ(row.merge(store), merge_action::done);
  }
  merge_request question() {
    return *make_merge(test::protocol_key, row.file_writer, row.sums, row.book, usual_basis(row.book), {});
  }
};

TEST_F(traces, a_counter_gone_with_its_record_and_a_record_still_there_are_told_apart) {
  const auto trace = [&](const ledger_id& now) {
    const auto asked = question();
    return trace_in(asked, store.merge(asked.row), now);
  };
  EXPECT_EQ(trace(epoch), store_trace::none);
  EXPECT_EQ(trace(random_ledger_id()), store_trace::survived);
  row.sums.added += 1;
  store.merge(row.request()->row); // nobody hears of it
  row.book.sent = row.book.merged;
  EXPECT_EQ(trace(random_ledger_id()), store_trace::survived); // the field is another, the record is ours
  store.lose_bookkeeping();
  EXPECT_EQ(trace(random_ledger_id()), store_trace::none);
  store.empty();
  EXPECT_EQ(trace(random_ledger_id()), store_trace::lost);
  EXPECT_EQ(trace(epoch), store_trace::none);
}

TEST_F(traces, a_store_whose_index_still_has_a_counter_without_a_record_was_not_emptied) {
  const auto asked = question();
  for (const bool exists : {false, true}) {
    const merge_verdict verdict{merge_outcome::mismatch, {{}, {}, exists, true}, {}};
    EXPECT_EQ(trace_in(asked, verdict, random_ledger_id()), store_trace::survived);
  }
}

TEST_F(traces, a_store_was_emptied_since_an_epoch_if_only_gone_counters_of_that_epoch_tell) {
  const auto asked = question();
  const auto now = random_ledger_id();
  store_traces told;
  EXPECT_FALSE(told.emptied_since(epoch));
  told.note(asked, {merge_outcome::mismatch, {}, {}}, now);
  EXPECT_TRUE(told.emptied_since(epoch));
  EXPECT_FALSE(told.emptied_since(random_ledger_id()));
  told.note(asked, {merge_outcome::merged, {}, {}}, now);
  EXPECT_FALSE(told.emptied_since(epoch));
}

} // namespace
} // namespace holdfast

#include "runtime/counter_protocol.hpp"

#include <random>

#include <gtest/gtest.h>

#include "runtime/ledger_file.hpp"
#include "runtime/sqlite_kv.hpp"

namespace holdfast {
namespace {

constexpr std::int64_t now_ms = 1'000'000;

// One row of one writer against a store in memory that does what Redis does.
class protocol : public testing::Test {
protected:
  std::unique_ptr<sqlite_kv> store = std::move(*sqlite_kv::open(":memory:"));
  ledger_id writer = random_ledger_id();
  ledger_sums sums;
  row_bookkeeping book;
  std::optional<merge_basis> basis;
  std::uint64_t ambiguous = 0;

  std::optional<merge_request> request(std::optional<std::int64_t> retire = {}) {
    auto made = make_merge("metrics:a:b", writer, sums, book, basis.value_or(usual_basis(book)), retire);
    if (made)
      book = made->book;
    return made;
  }
  merge_action take(const merge_request& asked, const merge_verdict& verdict, merge_role role = merge_role::owner) {
    auto decision = decide(asked, verdict, book, sums, role);
    book = decision.book;
    basis.reset();
    if (decision.action == merge_action::again)
      basis = decision.basis;
    if (decision.raise_to)
      sums = *decision.raise_to;
    ambiguous += decision.ambiguous ? 1 : 0;
    return decision.action;
  }
  merge_action merge_once(merge_role role = merge_role::owner, std::optional<std::int64_t> retire = {}) {
    const auto made = request(retire);
    return take(*made, *store->merge(made->row, now_ms), role);
  }
  // Until there is nothing more to send.
  merge_action merge(merge_role role = merge_role::owner, std::optional<std::int64_t> retire = {}) {
    auto action = merge_once(role, retire);
    for (int i = 0; i < 5 && action == merge_action::again; ++i)
      action = merge_once(role, retire);
    return action;
  }
  void empty_store() { store = std::move(*sqlite_kv::open(":memory:")); }
  std::int64_t value() { return store->read_counter({"metrics:a:b", {}}, now_ms).value.value_or(0); }
};

TEST_F(protocol, a_new_counter_gets_everything) {
  sums = {5, 2};
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 3);
  sums = {9, 2};
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 7);
}

TEST_F(protocol, a_lost_reply_is_found_and_not_added_again) {
  sums = {5, 0};
  store->merge(request()->row, now_ms);
  sums = {8, 0};
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 8);
}

TEST_F(protocol, a_late_duplicate_changes_nothing) {
  sums = {5, 0};
  const auto first = request();
  take(*first, *store->merge(first->row, now_ms));
  EXPECT_EQ(store->merge(first->row, now_ms)->outcome, merge_outcome::mismatch);
  EXPECT_EQ(value(), 5);
}

TEST_F(protocol, an_emptied_store_heals) {
  sums = {5, 0};
  merge();
  empty_store();
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 5);
  EXPECT_EQ(ambiguous, 0u);
}

TEST_F(protocol, a_counter_that_was_there_before_us_is_added_to) {
  store->set("metrics:a:b", "100", {});
  sums = {5, 0};
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 105);
  EXPECT_EQ(ambiguous, 0u);
}

TEST_F(protocol, lost_bookkeeping_alone_never_doubles) {
  sums = {5, 0};
  merge();
  empty_store();
  store->set("metrics:a:b", "5", {});
  sums = {6, 0};
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 6);
  EXPECT_EQ(ambiguous, 1u);
}

TEST_F(protocol, another_writer_that_met_the_emptied_store_first_tells_us_so) {
  sums = {5, 0};
  merge();
  empty_store();
  merge_row other{"metrics:a:b", to_text(random_ledger_id()), {}, "1 0", "00112233445566778899aabbccddeeff", 1};
  ASSERT_EQ(store->merge(other, now_ms)->outcome, merge_outcome::merged);
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 6);
}

TEST_F(protocol, an_adopter_sends_nothing_of_a_writer_that_lives_elsewhere) {
  sums = {5, 0};
  merge();
  sums = {3, 0};
  book = {};
  EXPECT_EQ(merge(merge_role::adopter, 1), merge_action::abandon);
  EXPECT_EQ(value(), 5);
}

TEST_F(protocol, an_owner_whose_file_went_back_raises_its_sums) {
  sums = {5, 0};
  merge();
  sums = {3, 0};
  book = {};
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(sums.added, 5u);
  EXPECT_EQ(value(), 5);
}

TEST_F(protocol, a_retired_writer_goes_on_under_a_fresh_id) {
  sums = {5, 0};
  const auto before = book;
  merge(merge_role::adopter, 1);
  book = before;
  sums = {7, 0};
  EXPECT_EQ(merge(), merge_action::done);
  EXPECT_EQ(value(), 7);
  EXPECT_TRUE(is_set(book.writer));
}

TEST_F(protocol, a_refused_row_is_set_aside) {
  store->set("metrics:a:b", "text", {});
  sums = {5, 0};
  EXPECT_EQ(merge(), merge_action::set_aside);
  store->set("metrics:a:b", "9223372036854775807", {});
  EXPECT_EQ(merge(), merge_action::set_aside);
}

TEST_F(protocol, a_difference_beyond_64_bits_is_not_sent) {
  sums = {UINT64_MAX, 0};
  EXPECT_FALSE(request());
}

// Requests are lost, doubled and late, replies are lost, the process dies and is adopted, the store is emptied.
TEST_F(protocol, random_faults_never_lose_or_double_while_the_writer_lives) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    empty_store();
    writer = random_ledger_id();
    sums = {};
    book = {};
    basis.reset();
    std::vector<merge_row> late;
    for (int step = 0; step < 1000; ++step) {
      const auto dice = random() % 100;
      if (dice < 50) {
        sums.added += random() % 10;
        sums.subtracted += random() % 3;
      } else if (dice < 90) {
        const auto made = request();
        const auto fate = random() % 10;
        if (fate == 0) {
          late.push_back(made->row); // arrives some time, or never
        } else if (fate == 1) {
          store->merge(made->row, now_ms); // the reply is lost
        } else {
          take(*made, *store->merge(made->row, now_ms));
        }
      } else if (dice < 97 && !late.empty()) {
        store->merge(late[random() % late.size()], now_ms);
      } else if (dice == 97) {
        basis.reset(); // killed and started again: only the file is left
      } else if (dice == 98 && random() % 10 == 0) {
        empty_store();
        late.clear(); // nothing of before the flush arrives after it
      }
    }
    while (merge() == merge_action::again) {
    }
    ASSERT_EQ(value(), static_cast<std::int64_t>(sums.added - sums.subtracted));
  }
}

} // namespace
} // namespace holdfast

#include "runtime/feature.hpp"

#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/counter_ledger.hpp"

namespace holdfast {
namespace {

std::set<std::uint64_t> hashes_of(const feature_subjects& noted) {
  std::set<std::uint64_t> found;
  noted.for_each([&](std::uint64_t hash) { found.insert(hash); });
  return found;
}

struct feature_test : ::testing::Test {
  std::shared_ptr<counter_ledger> ledger = counter_ledger::anonymous(64);
  std::shared_ptr<feature_account> account
    = std::make_shared<feature_account>("grid", ledger->handle("metrics:feature_usage:grid"));
  feature grid{account};

  std::uint64_t uses() const { return ledger->file().sums(0).added; }
};

TEST_F(feature_test, every_use_counts_and_every_subject_is_noted_once) {
  grid.used();
  grid.used("user_1");
  grid.used("user_2");
  grid.used("user_1");
  grid.used("");
  EXPECT_EQ(uses(), 5u);
  ASSERT_NE(account->subjects(), nullptr);
  EXPECT_EQ(account->subjects()->size(), 2u);
  EXPECT_EQ(account->subjects()->additions(), 2u);
}

TEST_F(feature_test, without_a_subject_nothing_is_allocated) {
  grid.used();
  EXPECT_EQ(account->subjects(), nullptr);
}

TEST_F(feature_test, what_finds_no_room_is_counted_and_told) {
  constexpr int many = 20'000;
  for (int i = 0; i < many; ++i)
    grid.used("user_" + std::to_string(i));
  EXPECT_EQ(uses(), static_cast<std::uint64_t>(many));
  const auto noted = account->subjects()->size();
  EXPECT_GT(noted, feature_subjects::room / 2);
  EXPECT_LE(noted, feature_subjects::room);
  EXPECT_EQ(account->left_out(), many - noted);
}

TEST_F(feature_test, what_is_removed_makes_room) {
  for (int i = 0; i < 1000; ++i)
    grid.used("user_" + std::to_string(i));
  auto& noted = *account->subjects();
  const auto before = hashes_of(noted);
  EXPECT_EQ(before.size(), 1000u);
  for (const auto hash : before)
    noted.remove(hash);
  EXPECT_EQ(noted.size(), 0u);
  grid.used("user_5");
  EXPECT_EQ(noted.size(), 1u);
  EXPECT_TRUE(before.contains(*hashes_of(noted).begin()));
}

TEST_F(feature_test, threads_note_together_without_losing_one) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      for (int i = 0; i < 1500; ++i)
        grid.used("user_" + std::to_string((i + t * 500) % 3000));
    });
  for (auto& one : threads)
    one.join();
  EXPECT_EQ(uses(), 6000u);
  EXPECT_EQ(hashes_of(*account->subjects()).size(), 3000u);
  EXPECT_EQ(account->left_out(), 0u);
}

TEST(feature, one_without_an_account_counts_uses_alone) {
  const auto ledger = counter_ledger::anonymous(16);
  const feature other{ledger->handle("metrics:feature_usage:other")};
  other.used("user_1");
  EXPECT_EQ(ledger->file().sums(0).added, 1u);
  feature{}.used("user_1");
}

TEST(named_table, names_are_found_again_and_none_is_made_past_the_limit) {
  named_table<std::string> table{3};
  const auto make = [](std::string_view name) { return std::make_shared<std::string>(name); };
  EXPECT_EQ(table.find("a"), nullptr);
  const auto a = table.find_or_make("a", make);
  EXPECT_EQ(table.find_or_make("a", make), a);
  table.find_or_make("b", make);
  table.find_or_make("", make);
  EXPECT_EQ(table.find_or_make("c", make), nullptr);
  EXPECT_EQ(table.size(), 3u);
  std::string all;
  table.for_each([&](const std::string& one) { all += one + ','; });
  EXPECT_EQ(all, "a,b,,");
}

} // namespace
} // namespace holdfast

// The protocol explored from seeds: writers, copies, adopters, one store, and messages that are lost, doubled, late or out
// of order, with everything that the world does to a store in between. The decisions are production's.
//
// Held all the time: nothing is in the store more often than it was counted. Held at rest: everything is there, unless a
// writer has counted an ambiguous merge, which only the loss of the bookkeeping brings about. A failure prints its seed.
#include <gtest/gtest.h>

#include "tests/support/runtime_protocol_model.hpp"

namespace holdfast {
namespace {

using test::protocol_model;

constexpr int steps_per_run = 400;
constexpr std::uint64_t runs = 150; // of each kind: 660,000 steps in all

void explore(const protocol_model::faults& faults, std::uint64_t first_seed) {
  for (auto seed = first_seed; seed < first_seed + runs; ++seed) {
    protocol_model model{faults, seed};
    for (int step = 0; step < steps_per_run; ++step)
      model.step();
    ASSERT_TRUE(model.settle()) << "seed " << seed << ": the writers do not come to rest\n" << model.story();
    ASSERT_EQ(model.doubled(), "") << "seed " << seed << '\n' << model.story();
    const bool may_lose = faults.evictions || faults.power_loss || (faults.rollbacks && faults.rivals);
    if (model.ambiguous() == 0 || !faults.messages || !may_lose) {
      ASSERT_EQ(model.lost(), "") << "seed " << seed << '\n' << model.story();
    }
  }
}

TEST(counter_model, messages_are_lost_doubled_late_and_out_of_order) { explore({}, 1); }

TEST(counter_model, processes_die_and_are_adopted) { explore({.deaths = true}, 10'000); }

TEST(counter_model, folders_are_copied) { explore({.deaths = true, .copies = true}, 20'000); }

TEST(counter_model, files_go_back_with_the_power) { explore({.deaths = true, .power_loss = true}, 30'000); }

TEST(counter_model, the_store_is_emptied_beside_rivals) {
  explore({.deaths = true, .copies = true, .emptied = true, .rivals = true}, 40'000);
}

TEST(counter_model, the_store_goes_back) {
  explore({.deaths = true, .copies = true, .rollbacks = true, .rivals = true}, 50'000);
}

TEST(counter_model, retired_writers_are_forgotten) {
  explore({.deaths = true, .copies = true, .forgets = true}, 80'000);
  explore({.messages = false, .deaths = true, .copies = true, .forgets = true}, 90'000);
}

TEST(counter_model, operators_delete_and_rivals_count) {
  explore({.deaths = true, .rivals = true, .deletions = true}, 60'000);
}

TEST(counter_model, the_bookkeeping_is_evicted) { explore({.deaths = true, .rivals = true, .evictions = true}, 70'000); }

TEST(counter_model, nothing_is_lost_with_the_bookkeeping_while_every_message_arrives) {
  explore({.messages = false, .rivals = true, .evictions = true}, 80'000);
}

// A copied ledger does not know what its owner had sent when the bookkeeping was lost: never both of them.
TEST(counter_model, everything_at_once_but_evictions) {
  explore({.deaths = true, .copies = true, .emptied = true, .rollbacks = true, .rivals = true, .deletions = true}, 90'000);
}

TEST(counter_model, everything_at_once_but_copies) {
  explore({.deaths = true, .emptied = true, .rollbacks = true, .rivals = true, .deletions = true, .evictions = true}, 95'000);
}

} // namespace
} // namespace holdfast

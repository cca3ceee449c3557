// Brings the subjects of features to the store's sketches, and tells how features are used.
//
//   store_add_distinct, store_count_distinct -> store     read_counters -> counter     history_days_wanted -> history
//   features_wanted, get_feature_status, keep_now <- engine      store_event <- store
//
// Threads  scheduled.
// Bounds   batches of `batch_max` subjects, one under way per feature; at most `features_listed_max` features are told, the
//          most used ones. What is noted is bounded by feature.hpp.
// Errors   fail-open: with the store away subjects wait where they are noted, and are tried again every 5 s, those of
//          each feature for themselves: a sketch that is none holds up no other. Adding is idempotent, so that a lost
//          answer costs nothing but asking again.
// Restart  what was noted and not brought is lost. After the store was emptied or went back, what is still noted (the newest
//          few thousand subjects of each feature) is brought again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/feature.hpp>

namespace holdfast {

struct feature_keeper_settings {
  std::chrono::nanoseconds interval = std::chrono::seconds{1};
};

// Of one feature.
struct brought_subjects {
  std::unordered_set<std::uint64_t> in_store; // of those that are noted
  std::uint64_t looked_at = 0;                // additions() at the last look at which nothing was left to bring
  std::uint64_t forgotten = 0;                // how often the store has lost what it had: what was under way may be lost, too
  bool under_way = false;
  std::vector<std::function<void(bool)>> ends; // of those who wait until nothing is left, or it failed
  boot_time retry_at{};
};

struct feature_keeper_state {
  static inline const char* name = "feature_keeper";
  feature_keeper_settings settings;
  clock_ptr clock;
  feature_table_ptr features;
  counter_actor counters;
  store_actor store;
  history_actor history;
  std::map<std::string, brought_subjects> brought; // by feature
};

feature_keeper_actor::behavior_type feature_keeper(feature_keeper_actor::stateful_pointer<feature_keeper_state> self,
                                                   feature_keeper_settings settings, clock_ptr clock,
                                                   feature_table_ptr features, counter_actor counters, store_actor store,
                                                   history_actor history);

} // namespace holdfast

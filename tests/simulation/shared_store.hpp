// What a Redis shared by all processes holds, and what its scripts do with it. Time is the server's. It can be emptied, and
// put back to an earlier moment.
//
// Beside what a Redis knows it keeps how much of each counter which opening has brought, and checks at every merge that this is
// never more than was counted.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/store.hpp"
#include "messages/symbols.hpp"
#include "runtime/expected.hpp"
#include "tests/simulation/clocks.hpp"
#include "tests/simulation/ledger_truth.hpp"

namespace holdfast::simulation {

template <class Answer>
using answered = expected<Answer, fault>;

// Misbehaviour of a store that is planted to see it found.
enum class store_bug { none, no_fence, merges_without_comparing, no_lease };

class shared_store {
public:
  shared_store(const world_time& now, journal& notes, ledger_truth& truth) : now_{now}, notes_{notes}, truth_{truth} {}

  answered<store_value> read(const store_read& question);
  answered<bool> write(const store_write& what);
  answered<bool> erase(const store_erase& what);
  answered<bool> write_symbols(const store_symbols& symbols);
  answered<store_merge_reply> merge(const store_merge& batch);
  answered<store_counters_found> read_counters(const store_read_counters& reads);
  answered<store_keys> list_counters(const store_list_counters& wanted);
  answered<bool> raise(const store_raise& what);
  answered<lease_reply> lease(const lease_wanted& wanted);
  answered<bool> return_lease(const lease_returned& back);

  // What it says of itself; sets the epoch where there is none.
  store_identity identify();

  void take_snapshot();
  void empty();
  // To one of the last snapshots; false where there is none.
  bool go_back(std::size_t snapshot);
  std::size_t snapshots() const { return past_.size(); }

  void refuse_writes(bool refuse) { refuses_writes_ = refuse; }
  void plant(store_bug bug) { bug_ = bug; }

  // Called with everything that is announced.
  std::function<void(const symbols_announced&)> announce;

  // How much of a counter this opening has in the store.
  std::int64_t brought(opening_number opening, const std::string& key) const;
  std::optional<std::int64_t> value(const std::string& key) const;
  const std::set<std::string>& index() const { return here_.index; }
  // When the store last lost something; negative: never.
  nanoseconds upheaval_at() const { return upheaval_at_; }
  std::uint64_t upheavals() const { return upheavals_; }

private:
  struct stored_text {
    std::string text;
    std::optional<nanoseconds> expires;
  };
  struct one_record {
    std::string generation;
    std::map<std::string, std::string> states;
  };
  struct held_lease {
    std::string holder;
    nanoseconds until{};
    std::uint64_t token = 0;
  };
  struct content {
    std::map<std::string, stored_text> texts;
    std::map<std::string, std::int64_t> counters;
    std::map<std::string, one_record> records;
    std::map<std::string, held_lease> leases;
    std::set<std::string> index;
    std::string epoch;
    std::map<std::pair<opening_number, std::string>, std::int64_t> brought;
  };

  bool fenced_set(std::string_view key, const std::string& value, const table_order& order,
                  std::optional<std::chrono::milliseconds> ttl);
  const stored_text* find(const std::string& key);
  merge_verdict merge_one(const merge_row& row);
  void account(const merge_row& row);

  const world_time& now_;
  journal& notes_;
  ledger_truth& truth_;
  content here_;
  std::string run_id_ = "first";
  std::string history_id_ = "first";
  std::vector<content> past_;
  std::array<table_order, market_count> newest_{}; // written since the store last lost something
  bool refuses_writes_ = false;
  store_bug bug_ = store_bug::none;
  nanoseconds upheaval_at_{-1};
  std::uint64_t upheavals_ = 0;
};

} // namespace holdfast::simulation

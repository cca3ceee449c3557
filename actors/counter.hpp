// Brings what the ledger counts into the store exactly once, and answers reads.
//
//   incr_counter, incr_counter_confirmed, read_counter(s), flush_counters, retire_counters <- anybody
//   store_merge, store_read_counters, store_list_counters -> store          store_event <- store
//
// Threads  scheduled; hosts count through handles, not through here.
// Bounds   batches of `rows_per_batch`, round the rows of a ledger, `batches_per_ledger` under way; rows that are only
//          compared after the store changed are ramped; so many dead ledgers are adopted at a time. A row the store refuses
//          is set aside and tried again every minute. Flushes and confirmations end at their deadline.
// Errors   with the store away everything stays in the ledger and is tried again with backoff; reads answer the last
//          known value plus what is pending. A batch whose answer is an error may have been carried out.
// Restart  what dead processes left in the folder is adopted in the background, at start and every 5 s.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include <holdfast/actors/ledger_drain.hpp>
#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/backoff.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter_ledger.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

struct counter_settings {
  std::chrono::nanoseconds flush_interval = std::chrono::milliseconds{100};
  std::string folder; // of ledgers to adopt; empty: none
  std::string store;  // whose ledgers these are, see counted_store(); empty: any
  counter_source store_kind = counter_source::embedded;
  telemetry_ptr watched = std::make_shared<telemetry>();
  std::uint64_t seed = 0; // of the jitter
};

// Somebody who waits until rows have arrived in the store as they were when he asked.
struct waiting_rows {
  struct target {
    std::uint64_t ledger; // its number
    std::uint32_t row;
    ledger_sums sums;
  };
  std::vector<target> targets;
  boot_time deadline;
  bool adopted_too = false; // rows of ledgers that are adopted meanwhile are waited for as well
  std::function<void(std::uint64_t missing)> answer;
  std::uint64_t left = 0; // rows that nobody brings any more: their ledger was set aside
};

// The store's value of a counter less what our ledgers had brought: with our sums it is the value to answer.
struct remembered_counter {
  std::int64_t elsewhere = 0;
  bool exists = false;
  bool is_integer = true;
  wall_time as_of{};
};

struct counter_state {
  static inline const char* name = "counter";
  counter_settings settings;
  clock_ptr clock;
  std::shared_ptr<counter_ledger> ledger;
  store_actor store;
  std::map<std::uint64_t, std::unique_ptr<draining_ledger>> ledgers; // by number; ours is 0
  std::uint64_t ledger_numbers = 0;
  std::vector<waiting_rows> waiting;
  std::map<std::string, remembered_counter, std::less<>> remembered; // bounded
  store_past past;
  store_traces traces; // of all ledgers, since the epoch changed
  bool ever_answered = false;
  boot_time verify_at{}; // every row is compared, whatever is known
  bool stuck_said = false; // the one warning that no further ledgers are adopted
  std::size_t verify_ramp = 0; // rows compared per tick
  std::size_t verify_budget = 0; // left of it
  std::mt19937_64 random;
  backoff retry;
  boot_time retry_at{};
  boot_time adopt_at{};
  bool more_to_adopt = false; // than could be taken at once
  counter_status status;
};

counter_actor::behavior_type counter_drain(counter_actor::stateful_pointer<counter_state> self, counter_settings settings,
                                           clock_ptr clock, std::shared_ptr<counter_ledger> ledger, store_actor store);

} // namespace holdfast

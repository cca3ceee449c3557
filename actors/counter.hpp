// Brings what the ledger counts into the store exactly once, and answers reads.
//
//   incr_counter, incr_counter_confirmed, read_counter(s), flush_counters <- anybody
//   store_merge, store_read_counters, store_list_counters -> store          store_event <- store
//
// Threads  scheduled; hosts count through handles, not through here.
// Bounds   batches of `rows_per_batch`; one batch per ledger under way; a row the store refuses is set aside and tried
//          again every minute.
// Errors   with the store away everything stays in the ledger; reads answer the last known value plus what is pending.
// Restart  what dead processes left in the folder is adopted in the background, at start and every 5 s.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter_ledger.hpp>
#include <holdfast/runtime/counter_protocol.hpp>
#include <holdfast/runtime/ledger_file.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

struct counter_settings {
  std::chrono::nanoseconds flush_interval = std::chrono::milliseconds{100};
  std::string folder; // of ledgers to adopt; empty: none
  counter_source store_kind = counter_source::embedded;
  telemetry_ptr watched = std::make_shared<telemetry>();
};

// One ledger on its way into the store: ours, or one that we adopted.
struct draining_ledger {
  std::unique_ptr<ledger_file> adopted; // null: our own
  ledger_file* file = nullptr;
  merge_role role = merge_role::owner;
  struct row_state {
    std::optional<merge_basis> basis; // learned from a mismatch
    boot_time not_before{};           // set aside until then
    std::string set_aside_for;
    bool verify = false;              // the store may have lost it: ask, whatever the bookkeeping tells
    bool finished = false;            // adopter: merged and retired, or abandoned
  };
  std::vector<row_state> rows;
  bool merging = false;
};

struct waiting_flush {
  caf::typed_response_promise<flush_reply> promise;
  boot_time deadline;
};

struct counter_state {
  static inline const char* name = "counter";
  counter_settings settings;
  clock_ptr clock;
  std::shared_ptr<counter_ledger> ledger;
  store_actor store;
  std::vector<std::unique_ptr<draining_ledger>> ledgers; // ours first
  std::vector<waiting_flush> flushes;
  std::map<std::string, counter_reading, std::less<>> last_read; // bounded
  boot_time retry_at{};
  boot_time adopt_at{};
  counter_status status;
};

counter_actor::behavior_type counter_drain(counter_actor::stateful_pointer<counter_state> self, counter_settings settings,
                                           clock_ptr clock, std::shared_ptr<counter_ledger> ledger, store_actor store);

} // namespace holdfast

// Watches everybody else: gathers one snapshot of the whole engine every second, reads the counters of the store every few
// seconds, hands them to the history, and notes when a market, a link, a store or a circuit changes its state.
//
//   get_..._status -> cache, supervisor, last_good, warmup, counter, store, history, rate_limiter, feature_keeper
//   read_counters -> counter     store_list_counters, store_read_counters -> store     history_sample -> history
//   store_event <- store
//
// Threads   scheduled. Readers take the newest snapshot from the holder and wait for nothing.
// Bounds    one round of questions at a time; whoever does not answer within `answer_patience` is silent, and keeps what it told last.
//           At most `foreign_max` counters that no holdfast process wrote; how many more there are is told. A reading of the
//           counters, or a look for those of others, that takes long is repeated less often: each fills a tenth of the time at
//           most, however it ends.
// Values    only as the store told them: while it is away the last ones stay, with their age.
// Restart   the snapshot begins anew with the first round.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/messages/snapshot.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter_ledger.hpp>
#include <holdfast/runtime/embargo.hpp>
#include <holdfast/runtime/exchange_memory.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

// Whom and what it watches.
struct monitored {
  cache_actor cache;
  supervisor_actor supervisor;
  last_good_actor last_good;
  warmup_actor warmup;
  counter_actor counters;
  store_actor store;
  history_actor history;
  rate_limiter_actor rate_limits;
  feature_keeper_actor features;
  symbol_board_ptr board;
  std::shared_ptr<counter_ledger> ledger;
  std::array<std::shared_ptr<embargo>, market_count> budgets;
  std::array<std::shared_ptr<exchange_memory>, market_count> memories;
  telemetry_ptr watched;
};

struct monitor_settings {
  std::chrono::nanoseconds interval = std::chrono::seconds{1};
  std::chrono::nanoseconds values_interval = std::chrono::seconds{5};
  std::chrono::nanoseconds foreign_interval = std::chrono::minutes{1};
  std::size_t foreign_max = 10'000;
  counter_source store_kind = counter_source::embedded; // of what it reads itself
};

struct monitor_state {
  static inline const char* name = "monitor";
  monitor_settings settings;
  clock_ptr clock;
  monitored parts;
  snapshot_holder_ptr snapshots;
  std::shared_ptr<engine_snapshot> next; // being gathered
  std::size_t missing = 0;               // answers of the running round
  std::uint64_t round = 0;
  std::array<std::optional<bool>, market_count> was_fresh;
  std::array<circuit_state, market_count> was_circuit{};
  std::array<bool, market_count> was_foreign{}; // ever: one event is enough, whoever writes last
  bool took_writes = true;
  std::array<std::uint32_t, market_count> hit_rows{}; // 1 + row in the ledger; 0: not found yet
  std::array<std::uint32_t, market_count> miss_rows{};
  std::shared_ptr<const counter_readings> values;
  boot_time values_read{};
  std::uint64_t values_left_out = 0;
  boot_time values_began{}; // the running or last reading
  boot_time values_due{};
  bool reading_values = false;
  std::vector<std::string> foreign; // keys of the store that the counter actor does not list
  std::uint64_t foreign_left_out = 0; // that the store does not list either
  bool foreign_complete = false;
  boot_time foreign_due{};
  bool looking_for_foreign = false;
};

monitor_actor::behavior_type monitor(monitor_actor::stateful_pointer<monitor_state> self, monitor_settings settings,
                                     clock_ptr clock, monitored parts, snapshot_holder_ptr snapshots);

} // namespace holdfast

// Brings questions about rate limits to the store, many at a time, and answers them without it where it does not answer.
//
//   acquire_permits <- anybody     permits_awaited, lease_low <- limiter handles
//   store_rate_limits -> store     counts under metrics:rate_limit:<action>_...
//
// Threads   scheduled. Handles decide by themselves where they can (runtime/limiter_core.hpp) and come here where not.
// Bounds    one batch under way: what comes meanwhile waits for the next, 128 amounts of one limit at most; 100,000
//           waiting, then decisions are blind at once.
// Deadlines every question is answered by its own: by the store, or blindly by the limit's away_policy. A store that let
//           options.deadline pass is not asked about that key for 100 ms. A lease that is granted after its end is nobody's.
// Errors    what the store refuses for one key is blind for that key alone.
// Restart   nothing is kept here; leases lapse.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/limiter_registry.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/running_timers.hpp>

namespace holdfast {

struct rate_limiter_settings {
  std::string process; // unique per engine opening
  std::chrono::nanoseconds note_interval = std::chrono::seconds{5}; // how often the store is told that it lives
};

struct waiting_limit {
  limiter_core_ptr core;
  std::vector<std::shared_ptr<awaited_permits>> who;
  bool renew = false;      // a lease runs low
  std::int64_t forced = 0; // told to the store with this question
  std::int64_t least = 0;  // of a lease, as asked
};

struct rate_limiter_state {
  static inline const char* name = "rate_limiter";
  rate_limiter_settings settings;
  clock_ptr clock;
  limiter_registry_ptr registry;
  store_actor store;
  std::map<const limiter_core*, waiting_limit> waiting;
  std::size_t waiting_count = 0;
  std::shared_ptr<std::vector<waiting_limit>> asked; // null: no batch is under way
  bool send_scheduled = false;
  running_timers timers; // of deadlines
  boot_time note_at{};
  repeated_failure trouble{"rate limits of the store"};
  rate_limiter_status status;
};

rate_limiter_actor::behavior_type rate_limiter(rate_limiter_actor::stateful_pointer<rate_limiter_state> self,
                                               rate_limiter_settings settings, clock_ptr clock,
                                               limiter_registry_ptr registry, store_actor store);

} // namespace holdfast

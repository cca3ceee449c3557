// Owns the freshness of each market's table: answers while it is fresh, brings a new one when it is not.
//
//   get_symbols <- anybody     refresh_symbols <- warmup, engine     store_event, symbols_announced <- store
//   store_read, store_symbols -> store     fetch_wanted, fallback_wanted -> supervisor     table_accepted -> last_good
//
// Threads   scheduled; the only one that publishes on the board once the engine runs.
// Bounds    one look into the store and one fetch per market at a time, shared by everybody; at most `waiting_max`
//           callers wait, the next is told `overloaded`. A caller waits at most 1 s where an older table exists, up to
//           the fetch timeout where none does, and never past its own deadline.
// Counters  one hit for every get_symbols answered from a fresh board or store, one miss for every other one.
// Order     of tables: by the time of their fetch, and never below an order that this process has seen, so that a wall
//           clock stepping back does not fence us. A newer table of another process replaces ours, never the other way.
// Restart   the board survives it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/plausibility_gate.hpp>
#include <holdfast/runtime/symbol_board.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct market_cache_settings {
  std::chrono::nanoseconds ttl = std::chrono::seconds{300};
  list_rules rules;
  counter hits;
  counter misses;
};

struct cache_settings {
  std::array<market_cache_settings, market_count> markets;
  std::chrono::nanoseconds fetch_timeout = std::chrono::seconds{10};
  std::string fingerprint; // of the configuration: only values with the same one are believed
  gate_settings gate;      // for what other programs write into the store
};

struct waiting_caller {
  caf::typed_response_promise<symbols_reply> promise;
  boot_time until;
  bool counted; // as a miss, for coming while a fetch was running; else the store's verdict decides
};

struct cached_market {
  std::vector<waiting_caller> callers;
  std::vector<caf::typed_response_promise<refresh_outcome>> refreshers;
  bool asking_store = false;
  bool fetching = false;
  bool following = false;    // reading another process's table
  bool follow_again = false; // something newer was announced meanwhile
  bool told_foreign = false; // the warning about another configuration's value was given
  std::optional<boot_time> alarm; // the earliest end of a caller's patience for which a timer runs
  std::uint64_t order_seen = 0;   // the highest token met in the store or given by us
  market_cache_status status;
};

struct cache_state {
  static inline const char* name = "cache";
  cache_settings settings;
  clock_ptr clock;
  symbol_board_ptr board;
  store_actor store;
  supervisor_actor supervisor;
  last_good_actor last_good;
  std::array<cached_market, market_count> markets;
};

cache_actor::behavior_type cache(cache_actor::stateful_pointer<cache_state> self, cache_settings settings, clock_ptr clock,
                                 symbol_board_ptr board, store_actor store, supervisor_actor supervisor,
                                 last_good_actor last_good);

} // namespace holdfast

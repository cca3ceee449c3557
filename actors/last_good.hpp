// Keeps the newest good table of each market for the time when no fetcher can help.
//
//   table_accepted <- cache       last_good_wanted <- supervisor     store_write -> local store
//   store_event, symbols_announced <- shared store     store_read, store_symbols -> shared store
//
// Threads  scheduled; what is written goes through the actors of the stores.
// Bounds   one table per market. Never expires; always says how old it is, or that this is unknown.
// Order    an older table never replaces a newer one, whoever brings it.
// Shared   where nothing local is known the shared store is asked: the full-fidelity value, else the bare array, which is
//          as old as last_refresh_ts says. When the store answers again or was emptied it is looked at a moment later
//          (the cache writes what is fresh first): a newer table is taken, a missing or older one written.
// Errors   what cannot be written stays in memory; the store says it, once.
// Restart  the engine reads the state folder before it spawns this actor and hands the tables over.
#pragma once

#include <array>
#include <random>
#include <string>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/plausibility_gate.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct last_good_settings {
  std::array<list_rules, market_count> rules;
  std::string fingerprint;
  std::array<gate_settings, market_count> gates; // for bare arrays of other programs
  store_actor local;  // the state folder's; always there
  store_actor shared; // may be the local one
  std::uint64_t seed = 0; // of the delays
};

struct last_good_state {
  static inline const char* name = "last_good";
  last_good_settings settings;
  clock_ptr clock;
  std::array<symbols_answer, market_count> newest;
  std::mt19937_64 random;
  bool look_sent = false; // a look at the shared store is due
};

last_good_actor::behavior_type last_good(last_good_actor::stateful_pointer<last_good_state> self,
                                         last_good_settings settings, clock_ptr clock,
                                         std::array<symbols_answer, market_count> known);

} // namespace holdfast

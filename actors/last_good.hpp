// Keeps the newest good table of each market for the time when no fetcher can help.
//
//   table_accepted <- cache       last_good_wanted <- supervisor     store_write -> local store
//   store_event, symbols_announced <- shared store
//
// Threads  scheduled; what is written goes through the local store's actor.
// Bounds   one table per market. Never expires; always says how old it is.
// Restart  the engine reads the local store before it spawns this actor (load_last_good) and hands the tables over.
#pragma once

#include <array>
#include <string>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct last_good_settings {
  std::array<list_rules, market_count> rules;
  std::string fingerprint;
  store_actor local;  // the state folder's; always there
  store_actor shared; // asked where nothing local is known; may be the local one
};

struct last_good_state {
  static inline const char* name = "last_good";
  last_good_settings settings;
  clock_ptr clock;
  std::array<symbols_answer, market_count> newest;
};

last_good_actor::behavior_type last_good(last_good_actor::stateful_pointer<last_good_state> self,
                                         last_good_settings settings, clock_ptr clock,
                                         std::array<symbols_answer, market_count> known);

} // namespace holdfast

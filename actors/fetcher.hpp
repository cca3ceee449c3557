// Asks the exchange for one market's symbols.
//
//   fetch_symbols <- supervisor    answered with fetch_outcome: a validated table, or why there is none
//   store_read, store_write -> store    the embargo, shared with the processes of this machine
//
// Threads  spawned detached: it waits for the network.
// Bounds   gives up at the deadline in the message; each URL gets a share of what is left.
// Order    private path (if a key is set and not refused lately), then public, then the mirrors. 429, 418 and error -1003
//          close the market's whole budget at once; used weight above the share that is ours yields before that.
//          Before each fetch it looks what its siblings were told, in the state folder and in the store; while nobody may
//          ask, every 5 s, and puts the embargo back where the store has lost it.
// Errors   ordinary failures are answers. An exception of a transfer is a crash, which the supervisor handles.
// Secrets  the key is sent as a header to the first URL alone; it is cut out of every text that the exchange sends back.
// Restart  what must outlive it is the embargo's (state folder) and exchange_memory's (process).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/embargo.hpp>
#include <holdfast/runtime/exchange_memory.hpp>
#include <holdfast/runtime/http_transfer.hpp>
#include <holdfast/runtime/plausibility_gate.hpp>
#include <holdfast/runtime/symbol_merge.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct fetcher_settings {
  market which = market::spot;
  std::vector<std::string> urls; // bases, in order, with or without slashes at the end
  std::string api_key;           // empty: the public path alone
  list_rules rules;
  gate_settings gate;
  std::chrono::seconds keep_gone = keep_gone_default; // how long what vanished stays in the table, as GONE
  std::size_t max_body = 64u << 20;
  unsigned weight_percent_max = 80; // of the exchange's limit, whoever used it on this machine's address
  // Counts under metrics:<type>:<value>; may be empty.
  std::function<void(std::string_view type, std::string_view value)> count;
  std::string embargo_key; // in the store; empty: not shared there
};

// What a fetcher works with.
struct fetcher_means {
  clock_ptr clock;
  std::shared_ptr<http_transfer> transfer;
  std::shared_ptr<embargo> budget;
  std::shared_ptr<exchange_memory> memory;
  store_actor store; // may be null
};

struct fetcher_state {
  static inline const char* name = "fetcher";
  fetcher_settings settings;
  fetcher_means means;
  bool look_armed = false; // at the store's embargo
  gate_reason last_refusal = gate_reason::believed;
  std::size_t last_kept = 0; // symbols whose tick or step was not taken from the newest table
  bool listed_nothing = false; // of the newest table
  caf::actor alarm;
};

fetcher_actor::behavior_type fetcher(fetcher_actor::stateful_pointer<fetcher_state> self, fetcher_settings settings,
                                     fetcher_means means);

} // namespace holdfast

// Asks the exchange for one market's symbols.
//
//   fetch_symbols <- supervisor    answered with fetch_outcome: a validated table, or why there is none
//
// Threads  spawned detached: it waits for the network.
// Bounds   gives up at the deadline in the message; each URL gets a share of what is left.
// Order    private path (if a key is set and not refused lately), then public, then the mirrors. 429, 418 and error -1003
//          close the market's whole budget at once; used weight above the share that is ours yields before that.
// Errors   ordinary failures are answers. An exception of a transfer is a crash, which the supervisor handles.
// Restart  the embargo is in the state folder; the private path is tried again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/embargo.hpp>
#include <holdfast/runtime/http_transfer.hpp>
#include <holdfast/runtime/plausibility_gate.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct exchange_info;

struct fetcher_settings {
  market which = market::spot;
  std::vector<std::string> urls; // bases, in order; not empty
  std::string api_key;           // empty: the public path alone
  list_rules rules;
  gate_settings gate;
  std::size_t max_body = 64u << 20;
  unsigned weight_percent_max = 80; // of the exchange's limit, whoever used it on this machine's address
  std::function<void(std::string_view)> count_unknown; // "status", "filter", ...; may be empty
};

struct fetcher_state {
  static inline const char* name = "fetcher";
  fetcher_settings settings;
  clock_ptr clock;
  std::shared_ptr<http_transfer> transfer;
  std::shared_ptr<embargo> budget;
  boot_time private_refused_until{};
  std::int64_t weight_limit = 0; // per minute, as the last body told; 0: not told
};

fetcher_actor::behavior_type fetcher(fetcher_actor::stateful_pointer<fetcher_state> self, fetcher_settings settings,
                                     clock_ptr clock, std::shared_ptr<http_transfer> transfer,
                                     std::shared_ptr<embargo> budget);

} // namespace holdfast

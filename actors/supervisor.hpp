// Owns the lives of the fetchers, and answers whatever they cannot.
//
//   fetch_wanted, fallback_wanted <- cache     fetch_symbols -> fetcher     last_good_wanted -> last_good
//
// Threads   scheduled; starts detached fetchers.
// Policy    one fetcher per market, monitored, restarted one for one with backoff and full jitter; past the restart
//           intensity it is down and the circuit open, until a probe succeeds. The backoff resets on a validated table
//           alone. An embargo is no crash and no failure: nobody asks until its end.
// Bounds    one fetch per market at a time, shared by all who want it; nobody asks the exchange earlier than backoff,
//           circuit and embargo allow, however many want. A fetch past its deadline is abandoned and the fetcher replaced.
// Fallback  every failed or refused fetch is answered with last_good's table, here and nowhere else.
// Restart   starts with closed circuits; embargoes are the fetchers' and survive.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/backoff.hpp>
#include <holdfast/runtime/circuit_breaker.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/restart_budget.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

struct started_fetcher {
  fetcher_actor handle;
  std::function<void()> cancel; // ends a running transfer, from any thread; may be empty
};

// How to start the fetcher of a market. May throw: that is a crash like any other.
using fetcher_starter = std::function<started_fetcher(caf::actor_system&, market)>;

struct supervisor_settings {
  fetcher_starter start;
  std::chrono::nanoseconds fetch_timeout = std::chrono::seconds{10};
  std::uint32_t max_restarts = 5;
  std::chrono::nanoseconds restart_window = std::chrono::seconds{60};
  std::uint64_t seed = 0; // of the jitter
  telemetry_ptr watched = std::make_shared<telemetry>();
};

struct supervised_fetcher {
  started_fetcher child; // handle null: being restarted, or down
  restart_budget restarts;
  circuit_breaker circuit;
  backoff restart_wait;
  backoff fetch_wait;
  boot_time asked_not_before{}; // backoff or embargo
  std::vector<caf::typed_response_promise<fetch_result>> waiting;
  bool fetching = false;
  std::uint64_t fetch_number = 0; // tells an answer that is still wanted
  fetcher_status status;
  repeated_failure trouble{"fetch"}; // of its market
};

struct supervisor_state {
  static inline const char* name = "supervisor";
  ~supervisor_state();
  supervisor_settings settings;
  clock_ptr clock;
  last_good_actor last_good;
  std::array<supervised_fetcher, market_count> fetchers;
};

supervisor_actor::behavior_type supervisor(supervisor_actor::stateful_pointer<supervisor_state> self,
                                           supervisor_settings settings, clock_ptr clock, last_good_actor last_good);

} // namespace holdfast

// What each actor tells about itself: the parts of /api/v1/status.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/market.hpp>

namespace holdfast {

struct get_cache_status {};
struct get_supervisor_status {};
struct get_warmup_status {};
struct get_last_good_status {};

struct market_cache_status {     // what the board shows, and what it is worth
  std::uint64_t hits = 0;        // of this process
  std::uint64_t misses = 0;      // likewise
  std::uint64_t waiting = 0;     // callers waiting for a running fetch
  bool refreshing = false;       // a new table is on its way
  bool store_is_foreign = false; // the store holds tables of another configuration (exchange, quote assets)
  std::uint64_t fetches = 0;     // this process asked the exchange
  std::uint64_t follows = 0;     // tables taken from other processes
  std::uint64_t not_followed = 0; // tables of other processes that the plausibility gate refused
};
struct cache_status {                                    // one for each market
  std::array<market_cache_status, market_count> markets; // by index(market)
};

// Open: nobody is asked for a while; half open: one question decides.
enum class circuit_state : std::uint8_t { closed, open, half_open };

struct fetcher_status {                   // of one market, as its supervisor sees it
  bool running = false;                          // there is one; false between a crash and the restart
  std::uint64_t restarts = 0;                    // after crashes, so far
  std::uint64_t fetches = 0;                     // begun so far
  std::uint64_t failures = 0;                    // fetches that brought no table
  std::uint32_t consecutive_failures = 0;        // since the last table
  circuit_state circuit = circuit_state::closed; // opened by failures in a row, closed by a table
  bool down = false;                             // past the restart intensity
  std::optional<boot_time> forbidden_until;      // embargo, backoff or open circuit
  std::string last_error;                        // for people; empty once a fetch succeeds
};
struct supervisor_status {                           // one fetcher for each market
  std::array<fetcher_status, market_count> fetchers; // by index(market)
};

struct market_warmup_status {            // refreshes of one market
  std::uint64_t successes = 0;           // in which this process fetched, so far
  std::uint64_t errors = 0;              // so far, every failed retry too
  std::uint32_t retry = 0;               // of the current interval
  std::optional<boot_time> next_refresh; // none: one is under way, or no warmup is wanted
};
struct warmup_status {                                    // one for each market
  std::array<market_warmup_status, market_count> markets; // by index(market)
};

struct market_last_good_status {       // the table that is kept for a market
  bool known = false;                  // a table is kept
  std::uint64_t symbols = 0;           // in its list
  std::optional<wall_time> fetched_at; // none: unknown
};
struct last_good_status {                                    // one for each market
  std::array<market_last_good_status, market_count> markets; // by index(market)
};

} // namespace holdfast

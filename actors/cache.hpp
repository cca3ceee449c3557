// Owns the freshness of each market's table: answers while it is fresh, brings a new one when it is not.
//
//   get_symbols <- anybody     refresh_symbols <- warmup, engine     rejection_reported, accept_symbols <- engine
//   store_event, symbols_announced <- store     store_read, store_symbols, lease_wanted -> store
//   fetch_wanted, fallback_wanted -> supervisor     table_accepted -> last_good     symbols_changed -> subscribers
//
// Threads   scheduled; the only one that publishes on the board once the engine runs.
// Bounds    one look into the store and one fetch per market at a time, shared by everybody; at most `waiting_max`
//           callers wait, the next is told `overloaded`. A caller waits at most 1 s where an older table exists, up to
//           the fetch timeout where none does, and never past its own deadline. Where nothing hangs yet, last good is asked
//           for while the fetch goes on: it may know the shared store's.
// Early     a read in the last 5 to 15 % of a table's time (random, each table anew) causes one refresh in the background, so
//           that a busy market never becomes stale for want of a warmup; a failed one is tried again as soon as the exchange
//           may be asked.
// Counters  one hit for every get_symbols answered from a fresh board or store, one miss for every other one.
// Lease     of all processes on the store one at a time asks the exchange: it holds "fetch:<market>:<configuration>" while
//           it does, renews it, and gives it back when its table is in the store or the fetch has failed. It counts the
//           lease's time on the boot clock from before it asked; a table that comes after the end has no token, and lets
//           those who may have a younger one write first, for 6 s. A holder
//           that dies or freezes is taken over from when its lease ends. With the store away everybody fetches alone.
// Order     of tables: by the token of the lease under which they were fetched, by the age of their fetch where one has
//           none. A newer table of another process replaces ours, never the other way; one without a token is given one
//           and written once the store answers, unless the store has a younger one.
// Refused   lists that the store does not take are offered again every 30 s while they are fresh.
// Rejected  orders: one refresh for all that were reported meanwhile, 10 s after the last fetch at the earliest. One that
//           fails, or whose question was older than the report, is followed by another one after 10 s or as soon as the
//           exchange may be asked, for the TTL at most: what is fresh then was asked for after the report.
// Missed    announcements: the fence of each market is looked at every `look_interval`.
// Restart   the board survives it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/early_refresh.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/plausibility_gate.hpp>
#include <holdfast/runtime/running_timers.hpp>
#include <holdfast/runtime/symbol_board.hpp>
#include <holdfast/runtime/symbol_merge.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

struct market_cache_settings {
  std::chrono::nanoseconds ttl = std::chrono::seconds{300};
  list_rules rules;
  counter hits;
  counter misses;
  gate_settings gate; // for what other programs write into the store
  std::chrono::seconds keep_gone = keep_gone_default; // what is not in another process's table, and was in ours
};

struct cache_settings {
  std::array<market_cache_settings, market_count> markets;
  std::chrono::nanoseconds fetch_timeout = std::chrono::seconds{10};
  std::string fingerprint; // of the configuration: only values with the same one are believed
  std::string holder = "one"; // of leases; unique per opening of an engine
  std::chrono::milliseconds lease_ttl = std::chrono::seconds{3};
  std::chrono::nanoseconds look_interval{}; // 0: never
  std::uint64_t seed = 0;
  early_refresh_ptr early = std::make_shared<early_refresh>(); // claimed by whoever reads the board without asking us
};

struct waiting_caller {
  caf::typed_response_promise<symbols_reply> promise;
  boot_time came;
  boot_time until;
  std::optional<std::chrono::nanoseconds> max_stale;
  bool counted; // as a miss, for coming while a fetch was running; else the store's verdict decides
};

// How far the attempt to bring a table has come, shared by all who want one.
enum class attempt_stage : std::uint8_t {
  none,
  leasing,  // asking for the right to fetch
  checking, // it is ours: has somebody written a table meanwhile?
  fetching, // asking the exchange
  waiting,  // another process has the right
};

struct fetch_attempt_state {
  attempt_stage stage = attempt_stage::none;
  std::uint64_t number = 0;           // tells its timers from those of attempts that are over
  boot_time wanted_since{};           // a fresh table fetched after this will do, whoever fetches it
  bool may_fetch = true;              // false: only a table without a token is to be brought into the store
  std::uint64_t token = 0;            // 0: no lease
  bool asked_for_more = false;        // for a token above the fence: no store is asked that twice
  boot_time lease_until{};
  boot_time began{};
  boot_time fetch_began{};
  std::optional<wall_time> judged_since; // of the table that the one to come is compared with
};

struct cached_market {
  std::vector<waiting_caller> callers;
  std::vector<caf::typed_response_promise<refresh_outcome>> refreshers;
  fetch_attempt_state attempt;
  bool asking_store = false;
  bool following = false;    // reading another process's table
  bool follow_again = false; // something newer was announced meanwhile
  running_timers timers;     // of the callers' patience
  std::optional<boot_time> reported_at; // the last rejection, until a table is known that was asked for after it
  bool rejection_planned = false;       // a refresh for it
  std::optional<boot_time> rejection_refresh; // the last one
  boot_time early_from{};        // a read from here on causes a refresh
  boot_time forbidden_until{};   // nobody may ask the exchange: no use in a lease
  boot_time late_until{};        // a table that came after its lease had ended waits for what others have
  boot_time store_silent_until{}; // it did not answer a moment ago: no use in asking it for a lease
  boot_time table_began{};       // when the fetch of the board's table began, as far as it is known: orders it while it has no token
  table_order given;             // the newest order that we gave
  table_order judged;            // the newest order whose value was read from the store
  symbols_answer stored;         // the newest table of ours that was read there and was not worth publishing
  std::uint64_t highest_token = 0; // met anywhere
  std::optional<boot_time> foreign_seen; // when a value of another configuration was last read from the store
  bool ours_again = false;               // one of ours was there since
  market_cache_status status;
  repeated_failure reading{"plain list"};  // of the store, that is not believed
  repeated_failure writing{"list"}; // that the store refuses
  repeated_failure following_others{"table"}; // of another process, that ours tells otherwise of
  table_order refused_order;               // of the newest such
  bool writing_again = false;       // planned
};

struct cache_state {
  static inline const char* name = "cache";
  cache_settings settings;
  clock_ptr clock;
  symbol_board_ptr board;
  std::mt19937_64 random;
  store_actor store;
  supervisor_actor supervisor;
  last_good_actor last_good;
  std::array<cached_market, market_count> markets;
  std::vector<symbols_listener> subscribers;
  bool foreign_was_told = false; // the one warning that another configuration shares the store
};

cache_actor::behavior_type cache(cache_actor::stateful_pointer<cache_state> self, cache_settings settings, clock_ptr clock,
                                 symbol_board_ptr board, store_actor store, supervisor_actor supervisor,
                                 last_good_actor last_good);

} // namespace holdfast

// Keeps both markets fresh: refreshes each on its interval, before its TTL runs out, and when symbols are listed.
//
//   refresh_symbols -> cache
//
// Threads    scheduled.
// Time       the period is min(interval, 0.8 TTL) less a random 0 to 10 %, counted from the fetch of the table that is
//            known, whichever process fetched it: of many processes the first whose time has come refreshes, the others
//            find a young table. The first refresh is at start. An interval of 0 switches a market's warmup off.
// Calendar   one more refresh comes right after each time at which a symbol is known to be listed or delivered. Whoever
//            brought the table that tells it: the board is looked at every `tick`.
// Sleep      due times are on the boot clock and looked at every `tick`, so that a machine that wakes up catches up.
// Retries    a failed refresh is tried again with exponential backoff and full jitter, a bounded number of times and never
//            before the exchange allows it; then the next interval is waited for. While nobody has a table from after a
//            listing or delivery it is tried further, every 9 to 10 s, until a period after that time.
// Task       each refresh for which this process asked the exchange is a run of the market's task, a success or an error; one
//            that found a table of another process is dropped.
// Restart    looks at once.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <random>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/backoff.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/symbol_board.hpp>
#include <holdfast/runtime/task.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

struct market_warmup_settings {
  std::chrono::nanoseconds interval{};
  std::chrono::nanoseconds ttl{};
  task refreshes;
};

struct warmup_settings {
  std::array<market_warmup_settings, market_count> markets;
  std::uint32_t retries_max = 5;
  std::chrono::nanoseconds fetch_timeout = std::chrono::seconds{10};
  std::uint64_t seed = 0;
  telemetry_ptr watched = std::make_shared<telemetry>();
};

struct warmed_market {
  backoff retry_wait;
  std::uint32_t retry = 0;
  std::chrono::nanoseconds period{};   // of the table that is known, jitter included
  std::optional<boot_time> fetched;    // when that table was fetched
  std::uint64_t publication = 0;       // of the board, that was looked at last
  std::optional<boot_time> change_at;  // the first listing or delivery after the fetch of the table that is known
  std::optional<boot_time> next;       // none: a refresh is running
};

struct warmup_state {
  static inline const char* name = "warmup";
  warmup_settings settings;
  clock_ptr clock;
  symbol_board_ptr board;
  cache_actor cache;
  std::mt19937_64 random;
  std::array<warmed_market, market_count> markets;
};

warmup_actor::behavior_type warmup(warmup_actor::stateful_pointer<warmup_state> self, warmup_settings settings,
                                   clock_ptr clock, symbol_board_ptr board, cache_actor cache);

} // namespace holdfast

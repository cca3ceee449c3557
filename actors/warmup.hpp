// Keeps both markets fresh: refreshes each on its interval, before its TTL runs out.
//
//   refresh_symbols -> cache
//
// Threads   scheduled.
// Time      the period is min(interval, 0.8 TTL) less a random 0 to 10 %; the first refresh is at start. A failed one is
//           tried again with exponential backoff and full jitter, a bounded number of times and never before the
//           exchange allows it; then the next interval is waited for. An interval of 0 switches a market's warmup off.
// Counters  success and error, one per refresh that was tried.
// Restart   refreshes at once.
#pragma once

#include <array>
#include <chrono>
#include <random>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/backoff.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

struct market_warmup_settings {
  std::chrono::nanoseconds interval{};
  std::chrono::nanoseconds ttl{};
  counter success;
  counter error;
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
  std::uint64_t successes = 0;
  std::uint64_t errors = 0;
  std::optional<boot_time> next;
};

struct warmup_state {
  static inline const char* name = "warmup";
  warmup_settings settings;
  clock_ptr clock;
  cache_actor cache;
  std::mt19937_64 random;
  std::array<warmed_market, market_count> markets;
};

warmup_actor::behavior_type warmup(warmup_actor::stateful_pointer<warmup_state> self, warmup_settings settings,
                                   clock_ptr clock, cache_actor cache);

} // namespace holdfast

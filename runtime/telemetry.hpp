// What the parts of an engine tell about themselves while they work: events, durations, and counts that no actor's
// status has. One object per engine, handed to whoever has something to tell; read by the metrics and the dashboard.
//
// Threads  any; everything but events is relaxed atomics.
// Restart  begins anew: these are numbers of this process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <holdfast/runtime/duration_histogram.hpp>
#include <holdfast/runtime/event_log.hpp>
#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/task_board.hpp>

namespace holdfast {

// How a fetch ended: with a table that was believed, or not.
enum class fetch_ending : std::uint8_t { private_api, public_api, failed, forbidden, refused, crashed };
inline constexpr std::size_t fetch_ending_count = 6; // of enumerators above

// Which part of the gateway answered.
enum class gateway_route : std::uint8_t { symbols, symbol, counters, counter, history, features, status, metrics, health, dashboard, other };
// By the number of the route: its label in the metrics.
inline constexpr std::array<std::string_view, 11> gateway_route_names{
  "symbols", "symbol", "counters", "counter", "history", "features", "status", "metrics", "health", "dashboard", "other"};

struct market_telemetry { // relaxed atomics of one market
  std::array<std::atomic<std::uint64_t>, fetch_ending_count> fetches{}; // how many ended so, by fetch_ending
  std::atomic<std::uint64_t> refresh_retries{0};                        // refreshes tried again before the next interval
  duration_histogram fetch_duration;                                    // of all but crashed ones

  // For all endings but `crashed`, which has no duration.
  void fetch_ended(fetch_ending how, std::chrono::nanoseconds took) noexcept {
    fetches[static_cast<std::size_t>(how)].fetch_add(1, std::memory_order_relaxed);
    fetch_duration.observe(took);
  }
};

struct telemetry {
  event_log events;                                                            // of markets, stores and the engine itself
  std::array<market_telemetry, market_count> markets;                          // by index()
  std::atomic<std::uint64_t> names_left_out{0};                                // texts from outside that were counted as `other`
  task_board_ptr tasks = std::make_shared<task_board>();                       // never null
  duration_histogram store_round_trip;                                         // one pipeline, or one access to the embedded store
  duration_histogram flush_duration;                                           // one merged batch
  std::array<duration_histogram, gateway_route_names.size()> request_duration; // by gateway_route

  // To count in.
  market_telemetry& of(market which) noexcept { return markets[index(which)]; }
};

// Held by every part that has something to tell.
using telemetry_ptr = std::shared_ptr<telemetry>;

} // namespace holdfast

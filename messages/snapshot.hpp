// What the engine was a moment ago, gathered in the background, so that whoever watches asks nobody and waits for nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include <holdfast/messages/counters.hpp>
#include <holdfast/messages/history.hpp>
#include <holdfast/messages/rate_limits.hpp>
#include <holdfast/messages/status.hpp>
#include <holdfast/messages/store.hpp>
#include <holdfast/messages/usage.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/exchange_memory.hpp>
#include <holdfast/runtime/symbol_board.hpp>

namespace holdfast {

struct market_snapshot {
  published_ptr published;   // null: not gathered yet
  std::optional<wall_time> since; // when it became fresh or stale, whichever it is; none: there never was a list
  std::uint64_t hits = 0;    // of this process, whoever answered
  std::uint64_t misses = 0;
  std::optional<boot_time> embargo_until;
  exchange_facts exchange;
};

// Those who are asked for their status, as the status, the metrics and the commands name them.
namespace watched_part {
inline constexpr std::string_view cache = "cache";
inline constexpr std::string_view fetchers = "fetchers";
inline constexpr std::string_view last_good = "last_good";
inline constexpr std::string_view warmup = "warmup";
inline constexpr std::string_view ledger = "ledger";
inline constexpr std::string_view store = "store";
inline constexpr std::string_view history = "history";
inline constexpr std::string_view rate_limits = "rate_limits";
inline constexpr std::string_view features = "features";
inline constexpr std::array all{cache, fetchers, last_good, warmup, ledger, store, history, rate_limits, features};
} // namespace watched_part

struct engine_snapshot {
  boot_time taken{};
  std::vector<std::string_view> silent; // parts that did not answer in time: of them the rest has what they told before
  std::array<market_snapshot, market_count> markets;
  cache_status cache;
  supervisor_status supervisor;
  last_good_status last_good;
  warmup_status warmup;
  counter_status counters;
  store_status store;
  history_status history;
  rate_limiter_status rate_limits;
  feature_status features;
  std::uint64_t increments = 0; // amounts counted by this process, both ways
  // Every counter of holdfast processes and the metrics:* counters of others, as the store told last; null: it never did.
  // Read less often than the rest.
  std::shared_ptr<const counter_readings> values;
  boot_time values_read{};
  std::uint64_t values_left_out = 0; // counters of other programs past the bound, which are not read
  bool values_complete = false; // every key of the store has been looked at for counters of other programs
};

using snapshot_ptr = std::shared_ptr<const engine_snapshot>;

// Where the newest snapshot is. Any thread; its lock is nobody's but the watchers'.
class snapshot_holder {
public:
  // Null before the first.
  snapshot_ptr newest() const {
    std::lock_guard guard{mutex_};
    return newest_;
  }
  void replace(snapshot_ptr next) {
    std::lock_guard guard{mutex_};
    newest_.swap(next);
  }

private:
  mutable std::mutex mutex_;
  snapshot_ptr newest_;
};

using snapshot_holder_ptr = std::shared_ptr<snapshot_holder>;

} // namespace holdfast

// Private: what an engine is made of, and how it is put together.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/metric_keys.hpp"
#include "engine/engine.hpp"
#include "engine/http_gateway.hpp"
#include "engine/known_lists.hpp"
#include "engine/limiter_access.hpp"
#include "engine/means.hpp"
#include "engine/metrics.hpp"
#include "messages/snapshot.hpp"
#include "runtime/counter_ledger.hpp"
#include "runtime/early_refresh.hpp"
#include "runtime/embargo.hpp"
#include "runtime/feature.hpp"
#include "runtime/exchange_memory.hpp"
#include "runtime/ledger_sync.hpp"
#include "runtime/limiter_registry.hpp"
#include "runtime/shutdown_deadline.hpp"
#include "runtime/state_folder.hpp"
#include "runtime/telemetry.hpp"

namespace holdfast {

struct engine_parts {
  engine_parts(caf::actor_system& on, engine_means given);

  void spawn_history();
  void spawn_actors();
  void spawn_watchers();
  void spawn_rate_limiter();
  void spawn_keepers();
  // Whoever asks somebody stops before the one it asks. Each is to be gone before the next one is told.
  std::vector<caf::actor> in_stopping_order() const;
  // From then on nothing waits for the network or the disk, whatever was configured.
  void end_by(boot_time at);
  // Waits, a little longer than the answer may take.
  template <class Future>
  bool answered(const Future& answer, std::chrono::nanoseconds timeout) const {
    if (means.drive)
      means.drive();
    const auto patience = means.drive ? std::chrono::nanoseconds{0} : timeout + std::chrono::milliseconds{100};
    return answer.wait_for(patience) == std::future_status::ready;
  }
  // From the board, counted as a hit; none where the board's table is not fresh.
  std::optional<symbols_reply> fresh_reply(market which) noexcept;
  void refresh_early(market which, std::chrono::nanoseconds at_age) noexcept;

  caf::actor_system& system;
  engine_means means;
  const options& settings;
  clock_ptr clock;
  state_folder folder;
  symbol_board_ptr board = std::make_shared<symbol_board>();
  early_refresh_ptr early = std::make_shared<early_refresh>();
  std::shared_ptr<counter_ledger> ledger;
  std::unique_ptr<ledger_sync> syncing; // null: left to the kernel
  known_lists known; // last good of the state folder
  std::array<holdfast::counter, market_count> hits;
  std::array<std::shared_ptr<embargo>, market_count> budgets;
  std::array<std::shared_ptr<exchange_memory>, market_count> memories;
  telemetry_ptr watched = std::make_shared<telemetry>();
  shutdown_deadline_ptr ends = std::make_shared<shutdown_deadline>(); // of the state folder's databases
  std::function<void(boot_time)> end_shared_store;                    // as in started_store
  std::shared_ptr<metric_values> names = std::make_shared<metric_values>(); // from outside, that counter keys may have
  feature_table_ptr features = std::make_shared<feature_table>(features_max);

  store_actor local;
  store_actor store;
  last_good_actor last_good;
  supervisor_actor supervisor;
  cache_actor cache;
  warmup_actor warmup;
  counter_actor counters;
  limiter_registry_ptr rate_limits;
  rate_limiter_actor rate_limiter;
  std::shared_ptr<limiter_access> limiters; // of all handles
  std::atomic<boot_time::rep> wrong_limit_again{0}; // until then no other one is said
  std::atomic<std::uint64_t> wrong_limits_unsaid{0};
  std::mutex feeds_mutex;
  std::vector<symbols_listener> feeds; // of on_symbols_changed
  history_actor history;
  task_keeper_actor task_keeper;
  feature_keeper_actor feature_keeper;
  monitor_actor monitor;
  snapshot_holder_ptr snapshots = std::make_shared<snapshot_holder>();
  std::shared_ptr<holdfast::metrics> metrics; // whoever registered it holds it weakly
  std::unique_ptr<http_gateway> gateway;
};

// Made on first use. Where the name is no segment of a key, or there are too many tasks, the one that all those share.
task task_of(engine_parts& all, std::string_view name, std::chrono::nanoseconds every) noexcept;

} // namespace holdfast

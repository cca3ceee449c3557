// The front door of holdfast for a host: starts every actor on the host's own actor system and stops them again.
//
//   holdfast::engine_config cfg;             // or a type derived from it
//   caf::actor_system system{cfg};
//   holdfast::engine engine{system};
//
// Threads    every member function may be called from any thread.
// Blocking   only the `_sync` calls and those with a `timeout` and no callback wait (flush(), read(), read_matching(), status(),
//            read_json(), ...), none past its deadline. From an actor of the host's use the others: one that waits holds a
//            thread of the scheduler, and where that is the only one, until the deadline. The constructor waits for no network;
//            the destructor flushes for at most 1 s and then stops everything.
// Errors     nothing throws into the host; what cannot be had is told by the answer.
// Restart    counters and last good lists are in the state folder and go on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <caf/actor_system.hpp>

#include <holdfast/config/engine_config.hpp>
#include <holdfast/engine/limiter.hpp>
#include <holdfast/engine/means.hpp>
#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/embargo.hpp>
#include <holdfast/runtime/exchange_memory.hpp>
#include <holdfast/runtime/event_log.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/feature.hpp>
#include <holdfast/runtime/http_transfer.hpp>
#include <holdfast/runtime/symbol_table.hpp>
#include <holdfast/runtime/symbols_view.hpp>
#include <holdfast/runtime/task.hpp>

namespace prometheus {
class Collectable;
}

namespace holdfast {

struct engine_parts;
struct telemetry;

// Everything that the actors tell about themselves. What one does not tell in time is what the newest snapshot has of it, and
// empty where it never told.
struct engine_status {
  cache_status cache; // of the tables that are answered with, by market
  supervisor_status supervisor; // of the fetchers: crashes, failures in a row, circuits
  last_good_status last_good; // of the tables that are kept for the next start
  warmup_status warmup; // of the refreshes that nobody has to ask for
  counter_status counters; // of the ledger, and what of it is not in the store yet
  store_status store; // of the store that is used, Redis or the embedded one
  std::array<exchange_facts, market_count> exchange;                // by market, as everything of this length here
  std::array<std::optional<boot_time>, market_count> embargo_until; // none: one may ask
  std::array<embargo_cause, market_count> embargo_cause_of{};       // of the running or the last one
  history_status history; // of the counters' history on disk
  rate_limiter_status rate_limits; // of all limits of this process together
  std::array<std::uint64_t, market_count> hits{};   // of this process, whoever answered; a second old at most
  std::array<std::uint64_t, market_count> misses{}; // likewise: questions for symbols that were not answered fresh
  std::array<std::optional<wall_time>, market_count> since; // when the list became fresh or stale; none: there never was one
  // All that have an account in this process, warmup among them; in the order in which they came up.
  std::vector<task_reading> tasks;
  std::uint64_t task_runs_left_out = 0; // of tasks without an account of their own
  feature_status features; // of the subjects on their way to the store; uses are counters as any other
  std::uint64_t names_left_out = 0;     // texts from outside that were counted as `other`
  std::vector<event> events; // the newest first
  std::string state_folder;  // empty: state is kept in memory only
  std::string state_problem; // why the state folder is not used; empty where it is
  // Parts that nobody answered for in time: cache, fetchers, last_good, warmup, ledger, store, history, rate_limits, features.
  std::vector<std::string> silent;
};

// What became of a table that the plausibility gate had refused.
struct acceptance {
  bool accepted = false;     // true: the table is the good one from now on
  std::uint64_t symbols = 0; // in its list
  std::string detail;        // why it had been refused, or why nothing was accepted
};

class HOLDFAST_EXPORT engine {
public:
  using duration = std::chrono::nanoseconds; // a timeout of less than 1 ms is taken as 1 ms

  // With the options of the system's configuration where that is an engine_config, else with defaults.
  explicit engine(caf::actor_system& system);
  // With options and means of its own: several engines of different options on one actor system, or a test's.
  engine(caf::actor_system& system, engine_means means);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  // A handle for the hot path; keep it. Registering allocates once, counting never does.
  holdfast::counter counter(std::string_view key) noexcept;
  void incr(std::string_view key, std::int64_t amount = 1) noexcept; // by name; a key that is not valid is counted in the overflow
  // Counts only where the increment survives the process, in a row of a ledger on disk. False: nothing was counted. Not for
  // hot paths.
  bool incr_if_kept(std::string_view key, std::int64_t amount = 1) noexcept;
  // The increment is taken at once. True: the store has it. False: not confirmed in time; where a ledger on disk took it it will
  // arrive, do not repeat it.
  bool incr_sync(std::string_view key, std::int64_t amount = 1, duration timeout = std::chrono::seconds{1}) noexcept;
  // 0 where the key is missing, no integer, or the store cannot be reached in time.
  std::int64_t get_int_sync(std::string_view key, duration timeout = std::chrono::seconds{1}) noexcept;
  // What is known of a counter, from where, how old.
  counter_reading read(std::string_view key, duration timeout = std::chrono::seconds{1}) noexcept;
  // All that match; those of other programs, and while the store does not tell which there are all of others, as they were read
  // last in the background. `error` tells that nothing is known.
  counter_readings read_matching(std::string_view glob, duration timeout = std::chrono::seconds{2}) noexcept;
  // The callbacks of the `_async` calls run once: on a thread of the actor system, or before the call returns where the
  // answer is at hand. None runs after the actor system has ended.
  void read_async(std::string_view key, std::function<void(counter_reading)> callback,
                  duration timeout = std::chrono::seconds{1}) noexcept;
  // As read_matching. Values that the store did not tell in time are the last ones known, with `ledger` as their source.
  void read_matching_async(std::string_view glob, std::function<void(counter_readings)> callback,
                           duration timeout = std::chrono::seconds{2}) noexcept;
  // True: every increment so far, of adopted ledgers too, is in the store.
  bool flush(duration timeout) noexcept;

  // A handle to at most `limit` admissions over any window of this length, of all processes on the store together. A limit
  // that cannot be gives a handle that refuses everything and tells why, and one warning.
  holdfast::limiter limiter(std::string_view key, std::int64_t limit, duration window,
                            const limiter_options& options = {}) noexcept;

  // Begins a run of a task; see task.hpp for how it ends. A name is a segment of a key: letters, digits, `_`, `.`, `-`; runs
  // under any other, and of more than 256 tasks, are counted in the overflow.
  task_run task(std::string_view name) noexcept;
  // A handle, for tasks that run often, or are meant to succeed `every` so often: the alert `HoldfastTaskSilent` tells where one
  // does not. From then on the task is listed, whether it ever ran or not.
  holdfast::task task_handle(std::string_view name, duration every = duration{0}) noexcept;
  // A handle that counts uses of a feature and its distinct subjects; see feature.hpp. Names as of tasks.
  holdfast::feature feature(std::string_view name) noexcept;
  // How features are used, by all processes: totals, the last `days` days of UTC, distinct subjects. The most used first.
  features_found features(std::uint32_t days = 7, duration timeout = std::chrono::seconds{2}) noexcept;
  // As features.
  void features_async(std::uint32_t days, std::function<void(features_found)> callback,
                      duration timeout = std::chrono::seconds{2}) noexcept;

  // One per thread.
  symbols_view symbols(market which) noexcept;
  // From the board while it is fresh, else through the cache actor.
  symbols_reply symbols_sync(market which, duration timeout = std::chrono::seconds{2}) noexcept;
  // The same, but a stale answer that is older than `max_stale`, or of unknown age, is refused: `too_stale`, no table.
  symbols_reply symbols_sync(market which, duration timeout, duration max_stale) noexcept;
  // As symbols_sync, however old the answer is.
  void symbols_async(market which, std::function<void(symbols_reply)> callback,
                     duration timeout = std::chrono::seconds{2}) noexcept;
  // The exchange refused an order for a rule of this symbol: causes at most one refresh of its market in 10 s.
  void report_rejected(market which, std::string_view symbol) noexcept;
  // From now on, whenever a table of another content is published; on a thread of the actor system, never after the
  // engine's end. (A CAF host sends symbols_listen to the cache instead.)
  void on_symbols_changed(std::function<void(const symbols_changed&)> callback) noexcept;

  // An operator believes the newest table that the plausibility gate refused: it replaces the good one, and the next ones
  // are compared with it.
  acceptance accept_refused(market which, duration timeout = std::chrono::seconds{1}) noexcept;
  // As accept_refused. It is not taken back where its answer comes too late.
  void accept_refused_async(market which, std::function<void(acceptance)> callback,
                            duration timeout = std::chrono::seconds{1}) noexcept;

  // Fail-open: nothing, or false, where the store cannot help.
  std::optional<std::string> read_json(std::string_view key, duration timeout = std::chrono::seconds{1}) noexcept;
  // A `ttl` of zero or less: no expiry. After false it may be stored all the same: the answer was late.
  bool write_json(std::string_view key, std::string_view text, duration ttl,
                  duration timeout = std::chrono::seconds{1}) noexcept;

  engine_status status(duration timeout = std::chrono::seconds{1}) noexcept; // who does not answer in time is `silent`
  void status_async(std::function<void(engine_status)> callback, duration timeout = std::chrono::seconds{1}) noexcept; // the same

  // How a counter went over time.
  void history_async(history_wanted wanted, std::function<void(history_answer)> callback,
                     duration timeout = std::chrono::seconds{2}) noexcept;

  // Everything that is measured, for a host's own prometheus-cpp exposer: exposer.RegisterCollectable(engine.metrics()).
  // A collection asks nobody and takes no lock that a hot path takes. It tells nothing once the engine is gone.
  std::shared_ptr<prometheus::Collectable> metrics() const noexcept;
  // The same as Prometheus' text format.
  std::string metrics_text() const;
  // Where requests of the gateway are measured.
  std::shared_ptr<telemetry> watched() const noexcept;

  cache_actor cache() const; // asked for symbols by message
  counter_actor counters() const; // increments and readings by message
  supervisor_actor supervisor() const; // to be monitored
  last_good_actor last_good() const; // what is kept for the worst
  warmup_actor warmup() const; // how refreshes go
  rate_limiter_actor rate_limiter() const; // admissions by message
  store_actor store() const; // Redis, or the embedded one

  const options& settings() const noexcept; // as they were at the start
  const clock_ptr& clock() const noexcept; // of ages and deadlines
  symbol_board_ptr board() const noexcept; // where the tables hang
  caf::actor_system& system() const noexcept; // the host's
  const std::string& state_path() const noexcept; // empty: state is kept in memory only
  // "127.0.0.1:8080"; empty where no gateway is wanted or its address could not be had.
  std::string http_address() const;

private:
  std::unique_ptr<engine_parts> parts_;
};

} // namespace holdfast

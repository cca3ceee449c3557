// Every task of an engine. Passive: what crosses processes is brought to the store and back by the task_keeper.
//
// Threads  any; see task.hpp.
// Bounds   `tasks_max` tasks; runs of further ones share the account `other`, as do those whose name is no segment of a key.
// Restart  empty.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/duration_histogram.hpp>
#include <holdfast/runtime/named_table.hpp>
#include <holdfast/runtime/task.hpp>

namespace holdfast {

// metrics:<task>:success and metrics:<task>:error.
struct task_counters {
  counter success; // metrics:<task>:success
  counter error;   // metrics:<task>:error; dropped runs are in neither
};

class task_account { // what is kept of one task; any thread
public:
  // Silence is counted from now on.
  task_account(std::string_view name, task_counters counters, clock_ptr clock);

  // One run more is under way. Answers now, for succeeded() or failed().
  boot_time begin() noexcept;
  // The run that began then has ended well; its duration and the time of the success are kept.
  void succeeded(boot_time began) noexcept;
  // The run that began then has not; `why` is for people, see Bounds in task.hpp.
  void failed(boot_time began, std::string_view why) noexcept;
  // The run counts as nothing. As of succeeded() and failed(): once for every begin().
  void dropped() noexcept;

  // How often it is meant to succeed. Zero changes nothing.
  void expect_every(std::chrono::nanoseconds interval) noexcept;
  // What another process, or this one before a restart, has told. What is in the future is not believed.
  void learn(std::optional<wall_time> last_run, std::optional<wall_time> last_success) noexcept;

  const std::string& name() const noexcept { return name_; } // the segment of its keys; "other": of the shared account
  const duration_histogram& durations() const noexcept { return durations_; } // without those of dropped runs
  task_reading read() const; // a copy, under a short lock

private:
  static constexpr std::size_t error_bytes_max = 200;
  void ended(boot_time began, bool good) noexcept;

  const std::string name_;
  const task_counters counters_;
  const clock_ptr clock_;
  const boot_time known_since_;
  std::atomic<std::uint64_t> running_{0};
  duration_histogram durations_;
  mutable std::mutex mutex_; // over everything below
  std::uint64_t successes_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t outcomes_ = 0; // of the last 64 runs, the newest in the lowest bit; set: a success
  std::optional<wall_time> last_run_;
  std::optional<wall_time> last_success_;
  std::optional<boot_time> last_success_boot_;
  std::chrono::nanoseconds every_{0};
  std::array<char, error_bytes_max> error_{};
  std::size_t error_bytes_ = 0;
};

class task_board {
public:
  static constexpr std::size_t tasks_max = 256; // without `other`

  // `rest`: of the account `other`.
  explicit task_board(clock_ptr clock = system_clocks(), task_counters rest = {})
    : clock_{std::move(clock)}, rest_{std::make_shared<task_account>("other", rest, clock_)} {}

  // `make_counters(name)` is called once per task.
  template <class MakeCounters>
  task find_or_add(std::string_view name, MakeCounters make_counters) noexcept {
    try {
      auto account = tasks_.find_or_make(name, [&](std::string_view) {
        return std::make_shared<task_account>(name, make_counters(name), clock_);
      });
      return task{account ? std::move(account) : rest_};
    } catch (...) {
      return task{rest_};
    }
  }
  // See task_account. Nothing where there is no such task.
  void learn(std::string_view name, std::optional<wall_time> last_run, std::optional<wall_time> last_success) noexcept;
  // None: nobody asked for it yet.
  std::optional<task> find(std::string_view name) const noexcept {
    auto known = tasks_.find(name);
    return known ? std::optional{task{std::move(known)}} : std::nullopt;
  }
  // Of tasks without an account of their own; not among those that are read.
  task rest() const noexcept { return task{rest_}; }

  // All tasks, in the order in which they were first asked for.
  std::vector<task_reading> read() const;
  // `visit(account)` for each of them in the same order, without a copy; not of `other`.
  template <class Visit>
  void for_each(Visit visit) const {
    tasks_.for_each(visit);
  }
  // Runs that were counted in no account of their own.
  std::uint64_t left_out() const;

private:
  clock_ptr clock_;
  named_table<task_account> tasks_{tasks_max};
  std::shared_ptr<task_account> rest_;
};

// Of the engine's telemetry and its task_keeper.
using task_board_ptr = std::shared_ptr<task_board>;

} // namespace holdfast

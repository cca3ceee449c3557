// Tasks that run again and again: how often they succeeded and failed, how long they took, when they last succeeded.
//
//   holdfast::task_run run = engine.task("reconcile_orders");
//   ...                        // an exception that leaves the scope is an error
//   if (!good) run.fail("the exchange knows 3 orders more");
//                              // the end of the scope without a word is a success
//
// A run counts once: metrics:<task>:success or metrics:<task>:error, its duration, and the times of the last run and the
// last success (which survive restarts, through the store). A run that is dropped counts nothing, not even as one.
// A run from which must_tell() was asked is an error where it ends without a word: for runs that are handed on to wait for an
// answer. One that was running when the process was killed counts nothing.
//
// Threads  a task is for any; a run for one at a time. Ending a run takes a short lock and allocates nothing; failing one
//          allocates a few hundred bytes.
// Bounds   the text of the last error has at most 200 bytes; what looks like a secret is taken out (redact.hpp).
// Errors   none, ever. A default-constructed task, and one that outlives its engine, counts for nobody.
// Restart  the counters go on in the store; durations, success rate and last error begin anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>

namespace holdfast {

class task_account;

// What is known of a task.
struct task_reading {
  std::string name;                              // the segment of its keys; empty: a handle of no task
  std::uint64_t successes = 0;                   // of this process
  std::uint64_t errors = 0;                      // likewise
  std::uint64_t running = 0;                     // runs of this process that have not ended
  std::optional<double> success_rate;            // of the last 64 runs of this process; none: it had none
  std::optional<wall_time> last_run;             // the end of a run, of whichever process
  std::optional<wall_time> last_success;         // likewise; none: never, as far as is known
  std::chrono::nanoseconds since_success{};      // since this process knows the task where it never succeeded
  std::optional<std::chrono::nanoseconds> every; // how often it is meant to succeed; none: nobody said
  std::string last_error;                        // of this process; empty: none
};

class [[nodiscard]] HOLDFAST_EXPORT task_run { // one run; told apart from others by its scope, used by one thread
public:
  task_run() noexcept = default; // of no task
  // Begins now. Null: of no task.
  explicit task_run(std::shared_ptr<task_account> account) noexcept;
  ~task_run();
  task_run(task_run&& other) noexcept; // the run goes on in the new scope; `other` is of no task then
  task_run& operator=(task_run&& other) noexcept; // ends the run that was held

  // The first word counts, what comes after it is not heard.
  void succeed() noexcept;
  // `why` is for people; see Bounds.
  void fail(std::string_view why) noexcept;
  // The run counts as nothing.
  void drop() noexcept;
  // From now on silence is an error.
  void must_tell() noexcept { must_tell_ = true; }
  // Nothing was said yet.
  bool open() const noexcept { return account_ != nullptr; }

private:
  void end_in_silence() noexcept;

  std::shared_ptr<task_account> account_; // null: it has ended
  boot_time began_{};
  int exceptions_ = 0; // under way when it came to this scope
  bool must_tell_ = false;
};

// A handle: keep it where a task runs often.
class HOLDFAST_EXPORT task {
public:
  task() noexcept = default;
  // Null: counts for nobody.
  explicit task(std::shared_ptr<task_account> account) noexcept : account_{std::move(account)} {}

  task_run begin() const noexcept { return task_run{account_}; } // several may run at once
  // How often it is meant to succeed. Zero changes nothing.
  void expect_every(std::chrono::nanoseconds interval) const noexcept;
  // Somebody else had then what a run would bring: no silence, and nothing to count.
  void learn_success(wall_time when) const noexcept;
  // All zero and empty where the handle counts for nobody.
  task_reading read() const;

private:
  std::shared_ptr<task_account> account_;
};

} // namespace holdfast

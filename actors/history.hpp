// Keeps how every counter went over time, and tells it.
//
//   history_sample <- monitor      history_wanted, get_history_status <- engine      history_days_wanted <- feature_keeper
//
// Threads  spawned detached: SQLite blocks on the disk. Scheduled in tests.
// Bounds   one row per counter that changed and 10 s; see history_file.hpp for what is kept how long.
// Errors   a file that cannot be opened or written is told once; the rest of the engine goes on without history.
// Ends     past `ends` no file is waited for or written any more.
// Restart  what was recorded stays; the time in between is a gap.
#pragma once

#include <memory>
#include <string>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/history_file.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/shutdown_deadline.hpp>

namespace holdfast {

struct history_state {
  static inline const char* name = "history";
  clock_ptr clock;
  std::unique_ptr<history_file> file; // null: none is kept
  history_status status;
  repeated_failure trouble{"history"};
  boot_time prune_at{};
};

// `path` empty: no history is kept. `ends` may be null.
history_actor::behavior_type history(history_actor::stateful_pointer<history_state> self, std::string path,
                                     history_limits limits, clock_ptr clock, shutdown_deadline_ptr ends);

} // namespace holdfast

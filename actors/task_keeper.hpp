// Lets the times of a task's last run and last success survive the process, and learns those of other processes.
//
//   store_raise, store_write, store_read_counters -> store      store_event <- store      keep_now <- engine
//
// Threads  scheduled.
// Time     what changed is written within a second, what others wrote is read every 5 s. Times are Unix seconds of the wall
//          clock; a time in the store that lies in the future is not believed, and is replaced by our own.
// Errors   with the store away everything waits on the task board, and is tried again every 5 s.
// Restart  reads what is there, then goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/task_board.hpp>

namespace holdfast {

struct task_keeper_settings {
  std::chrono::nanoseconds interval = std::chrono::seconds{1};
  std::chrono::nanoseconds look_interval = std::chrono::seconds{5};
};

struct task_keeper_state {
  static inline const char* name = "task_keeper";
  task_keeper_settings settings;
  clock_ptr clock;
  task_board_ptr board;
  store_actor store;
  std::map<std::string, std::int64_t> kept; // by key: the newest time that the store is known to have
  boot_time retry_at{};
  boot_time look_at{};
};

task_keeper_actor::behavior_type task_keeper(task_keeper_actor::stateful_pointer<task_keeper_state> self,
                                             task_keeper_settings settings, clock_ptr clock, task_board_ptr board,
                                             store_actor store);

} // namespace holdfast

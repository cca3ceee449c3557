// A thread on which one actor at a time may block while it has its turn; exactly one thread of the simulation runs.
#pragma once

#include <atomic>
#include <optional>
#include <semaphore>
#include <thread>

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include "tests/simulation/clocks.hpp"

namespace holdfast::simulation {

class waiting_thread {
public:
  waiting_thread() : thread_{[this] { work(); }} {}
  ~waiting_thread() {
    ends_ = true;
    turn_.release();
    thread_.join();
  }
  waiting_thread(const waiting_thread&) = delete;
  waiting_thread& operator=(const waiting_thread&) = delete;

  // By the scheduler: returns when the job has ended (then `result`) or waits (then `until`).
  void give_turn() {
    turn_.release();
    back_.acquire();
  }
  // By the job.
  void hand_back() {
    back_.release();
    turn_.acquire();
  }
  static waiting_thread* current() noexcept { return current_; }

  caf::resumable* job = nullptr; // null: idle
  caf::execution_unit* unit = nullptr;
  std::uint32_t process = 0;
  std::optional<caf::resumable::resume_result> result;
  nanoseconds until{};
  const void* token = nullptr;

private:
  void work() {
    current_ = this;
    for (;;) {
      turn_.acquire();
      if (ends_)
        return;
      result = job->resume(unit, 1);
      back_.release();
    }
  }

  static inline thread_local waiting_thread* current_ = nullptr;
  std::binary_semaphore turn_{0};
  std::binary_semaphore back_{0};
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

} // namespace holdfast::simulation

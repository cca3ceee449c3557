// Runs the actors of all processes on one thread at a time: the runnable ones in a random order, one message at a turn, and time
// goes on only when nobody is runnable.
//
// Waiting   an actor that blocks (a fetcher in a transfer) runs on a thread of its own, which hands the turn back while it
//           waits: only one thread runs at any moment, so that a run depends on its seed alone.
// Process   every actor belongs to the process that spawned it. A paused process is not runnable; its time goes on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <caf/execution_unit.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "tests/simulation/clocks.hpp"
#include "tests/simulation/journal.hpp"

namespace holdfast::simulation {

using process_number = std::uint32_t;
inline constexpr process_number no_process = 0;

class waiting_thread;

class scheduler {
public:
  scheduler(caf::actor_system& system, world_time& now, journal& notes, std::mt19937_64& random);
  ~scheduler();
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  // Everything that happens until then. Ends early where an invariant is violated.
  void run_for(nanoseconds span);

  // What is spawned from here on belongs to this process, as long as the object lives.
  class within {
  public:
    within(scheduler& all, process_number process);
    ~within();
    within(const within&) = delete;
    within& operator=(const within&) = delete;

  private:
    scheduler& all_;
    process_number before_;
    std::size_t jobs_before_;
  };

  void pause(process_number process, nanoseconds span);
  bool paused(process_number process) const;
  // Kills every actor of the process, and everything it had in its hands.
  void kill(process_number process);
  std::vector<caf::strong_actor_ptr> actors_of(process_number process) const;
  bool alive(process_number process) const;
  // Runs this process alone until it has nothing to do now.
  void exhaust(process_number process);

  // On the thread of an actor that blocks: the turn goes back until `span` is over or wake() is called for `token`.
  void wait(nanoseconds span, const void* token);
  void wake(const void* token);
  std::uint64_t turns() const noexcept { return turns_; }

private:
  friend class waiting_thread;
  struct owned_actor {
    process_number process;
    caf::weak_actor_ptr handle;
    bool waits = false; // may block
    bool pausable = true;
  };

  const owned_actor& owner_of(caf::resumable* job);
  void adopt_new_jobs(std::size_t from);
  bool run_one();
  void run(std::size_t at);
  void finish(caf::resumable* job, caf::resumable::resume_result result);
  void hand_over(waiting_thread& thread);
  bool wake_due();
  void to_next_event(nanoseconds end);
  waiting_thread& idle_thread();

  caf::scheduler::test_coordinator& jobs_;
  world_time& now_;
  journal& notes_;
  std::mt19937_64& random_;
  std::unique_ptr<caf::execution_unit> unit_;
  std::unordered_map<caf::actor_id, owned_actor> owners_;
  std::map<process_number, nanoseconds> paused_until_; // awake time
  std::vector<std::unique_ptr<waiting_thread>> threads_;
  process_number current_ = no_process;
  std::vector<std::size_t> runnable_;
  std::uint64_t turns_ = 0;
};

} // namespace holdfast::simulation

// What host programs do with their engines, and what they may rely on: they count, read, flush and ask for symbols, and check
// every answer against what is true.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>

#include "tests/simulation/engine_process.hpp"

namespace holdfast::simulation {

class hosts {
public:
  hosts(caf::actor_system& system, scheduler& turns, world_time& now, journal& notes, std::mt19937_64& random, exchange& lists,
        shared_store& store, ledger_truth& truth)
    : system_{system}, turns_{turns}, now_{now}, notes_{notes}, random_{random}, lists_{lists}, store_{store}, truth_{truth} {}

  // A planted bug.
  void forget_deadlines(bool forget) { forgets_deadlines_ = forget; }

  // Something that a host does.
  void act(engine_process& one);

  void count(engine_process& one);
  void ask_symbols(engine_process& one);
  void read(engine_process& one);
  void flush(engine_process& one);
  void confirm(engine_process& one);
  void refresh(engine_process& one);
  // Stops counting and brings everything to the store; `then(complete)` once.
  void retire(engine_process& one, std::function<void(bool)> then);

  // Nobody waits, or has waited since the last look, for longer than he was promised.
  void check_waiting(const std::vector<std::unique_ptr<engine_process>>& processes);
  // Of processes that are gone: nobody will answer.
  void forget(process_number process);
  // A table that is called fresh; `what` for the message.
  void check_fresh(const engine_process& one, market which, const symbol_table& table, const std::string& what);

  static nanoseconds ttl_of(const engine_process& one, market which) { return one.parts->settings.ttl(which); }

private:
  // Whether the store lost something that the asked engine had no time to hear of and to heal.
  struct upheaval_watch {
    std::uint64_t upheavals = 0;
    bool healed = false;
  };
  struct waiting {
    std::string what;
    process_number process;
    nanoseconds asked; // awake time, as the others
    nanoseconds due;
    std::optional<nanoseconds> answered;
  };

  template <class Answer, class Actor, class Question>
  void ask(engine_process& one, const Actor& whom, Question question, std::string what, nanoseconds patience,
           std::function<void(std::optional<Answer>, fault)> then);
  void check_symbols(const engine_process& one, market which, bool had_table, const std::optional<symbols_reply>& reply, fault why);
  // Everything of this opening that was counted then is in the store now.
  void check_arrived(opening_number opening, const amounts& then, const upheaval_watch& watch, const std::string& what);
  upheaval_watch watch_upheavals(const engine_process& one) const;
  boot_time deadline_after(const engine_process& one, nanoseconds patience) const;
  std::string some_key();

  caf::actor_system& system_;
  scheduler& turns_;
  world_time& now_;
  journal& notes_;
  std::mt19937_64& random_;
  exchange& lists_;
  shared_store& store_;
  ledger_truth& truth_;
  std::vector<std::shared_ptr<waiting>> waiting_;
  bool forgets_deadlines_ = false;
};

} // namespace holdfast::simulation

// One run: machines with processes, a store, an exchange, hosts, and everything that can go wrong between them, driven by one
// seed. After the last step the faults end, and everything must come to rest as it should be.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <caf/actor_system.hpp>

#include "config/engine_config.hpp"
#include "tests/simulation/engine_process.hpp"
#include "tests/simulation/hosts.hpp"
#include "tests/simulation/planted_bug.hpp"

namespace holdfast::simulation {

struct run_settings {
  std::uint64_t seed = 1;
  int steps = 250;
  bool keeps_story = false; // all of it, not only the end
  planted_bug bug = planted_bug::none;
};

struct run_result {
  std::string violation; // empty: everything held
  std::string story;
  std::uint64_t hash = 0;
  std::uint64_t turns = 0; // of actors
  nanoseconds simulated{};
  std::uint64_t calls = 0; // of the exchange
};

run_result simulate(const run_settings& settings);

class world {
public:
  world(const run_settings& settings, std::string folder);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  run_result run();

private:
  enum class trouble { links, store_stalls, store_refuses, store_emptied, store_goes_back, exchange, kills, stops, fetchers, starts,
                       pauses, clocks, sleep };
  static constexpr std::size_t troubles = 13;

  bool chance(std::uint64_t in) { return random_() % in == 0; }
  nanoseconds random_span(nanoseconds least, nanoseconds most);
  engine_process* somebody();

  // world.cpp: the course of a run
  void step();
  void settle();
  void hang_older_table(); // a planted bug
  void check();
  void check_board(engine_process& one, market which);
  void check_starts(const engine_process& one);

  // world_faults.cpp: what goes wrong
  void cause_trouble();
  void trouble_store(trouble what);
  void trouble_process(trouble what, engine_process& one);
  void step_clock(state_of_machine& machine);
  void thaw();
  void end_troubles();

  // world_processes.cpp: lives of processes
  options options_for(const state_of_machine& machine);
  void start(std::size_t slot);
  void start_missing(bool all);
  void note_end(engine_process& one);
  void kill(engine_process& one);
  void stop(engine_process& one);
  void finish_stop(process_number number, bool complete);
  void end_stopped();
  void plant_in_folder(const state_of_machine& machine);

  // world_rest.cpp: what must be true at rest
  void check_rest();
  bool counters_are_exact(bool say);
  bool tables_are_fresh(bool say);
  void check_questions(const engine_process& one);

  run_settings settings_;
  std::string folder_;
  std::mt19937_64 random_;
  world_time now_;
  journal notes_;
  engine_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<scheduler> turns_;
  ledger_truth truth_;
  shared_store store_;
  link_world links_;
  std::unique_ptr<exchange> exchange_;
  std::unique_ptr<hosts> hosts_;
  options template_;
  std::array<bool, troubles> enabled_{};
  std::vector<std::shared_ptr<state_of_machine>> machines_;
  std::vector<std::unique_ptr<engine_process>> processes_;
  struct process_slot {
    std::size_t machine;
    process_number running = no_process;
    nanoseconds start_at{};
  };
  std::vector<process_slot> slots_;
  struct ended_opening {
    opening_number opening;
    nanoseconds file_gone_at{-1}; // awake time; negative: the file is there
  };
  std::vector<ended_opening> ended_;
  std::uint32_t openings_ = 0;
  bool starts_fail_ = false;
  nanoseconds calm_at_{};
};

} // namespace holdfast::simulation

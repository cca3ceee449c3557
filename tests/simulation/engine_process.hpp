// One process: an engine made of production's wiring on simulated means, and the folder that outlives it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "engine/parts.hpp"
#include "tests/simulation/exchange.hpp"
#include "tests/simulation/ledger_truth.hpp"
#include "tests/simulation/scheduler.hpp"
#include "tests/simulation/store_link.hpp"

namespace holdfast::simulation {

// A state folder, and the name and the clocks of the machine that it is on: two folders may be on one.
struct state_of_machine {
  std::uint32_t number = 0;
  std::string name;
  std::string path;
  std::shared_ptr<process_clock> clock;
  std::array<bool, market_count> has_last_good{}; // an engine had a table long enough to have kept it
  bool wall_was_stepped = false;
};

// What the board of a process has shown so far.
struct watched_board {
  std::uint64_t version = 0;
  std::uint32_t revision = 0; // of fresh tables
  nanoseconds fetched{};      // as it was told of that one
  bool had_table = false;
  nanoseconds table_since{-1}; // awake time
};

struct engine_process {
  process_number number = no_process;
  opening_number opening = 0;
  std::shared_ptr<state_of_machine> machine;
  link_ptr link;
  std::unique_ptr<engine_parts> parts;
  bool stopping = false;
  bool ends = false;     // its last flush is over
  bool complete = false; // it has brought everything
  std::array<watched_board, market_count> boards;
  std::array<std::uint64_t, market_count> questions{}; // that count a hit or a miss
  nanoseconds disturbed_until{-1};                     // it was paused, or slept: it may be late
  std::deque<nanoseconds> fetcher_starts;
};

} // namespace holdfast::simulation

// One process's link to the shared store, in place of redis_store: the same interface, events and promises, over a connection
// that the simulation cuts, stalls and delays. A question is answered, or its link is cut and it is answered `store_away`:
// then it may have been carried out, may be carried out later, or twice.
//
// Two lanes as in production: values and lists do not hold up counters. Questions of a lane arrive in their order.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "messages/interfaces.hpp"
#include "tests/simulation/clocks.hpp"
#include "tests/simulation/journal.hpp"
#include "tests/simulation/shared_store.hpp"

namespace holdfast::simulation {

// Misbehaviour of a client of the store that is planted to see it found.
enum class link_bug { none, claims_merged, mixes_replies };

// What all links of a world share.
struct link_world {
  shared_store& store;
  world_time& now;
  journal& notes;
  std::mt19937_64& random;
  bool faults = true;          // questions may be lost by themselves
  bool refuses_links = false;  // the server is away: nobody gets a link
  bool stalled = false;        // it accepts everything and answers nothing
  link_bug bug = link_bug::none;
  std::vector<std::function<void()>> late; // what a frozen server still has in its buffers
};

struct link_question {
  std::size_t lane = 0;
  bool applied = false;
  bool repeatable = false; // a second copy of it may arrive
  std::string what;
  std::function<void()> apply;
  std::function<void()> answer;
  std::function<void(fault)> fail;
};

struct link_state {
  link_world* world = nullptr;
  clock_ptr clock;
  std::uint32_t process = 0;
  bool up = false;
  store_actor handle; // null once the process is gone
  std::vector<store_listener> listeners;
  std::map<std::uint64_t, link_question> questions; // in the order in which they were asked
  std::map<std::uint64_t, symbols_announced> news;
  std::array<nanoseconds, 2> lane_free{}; // awake time
  std::uint64_t numbers = 0;
  store_identity identity;
  bool identity_known = false;
  std::uint64_t upheavals_known = 0; // of the store, as of the last look at its identity
  nanoseconds known_since{};
  store_status status;
  store_value stale_reply; // of `mixes_replies`
};
using link_ptr = std::shared_ptr<link_state>;

store_actor start_link(caf::actor_system& system, const link_ptr& link);
// From outside: the connection breaks; it comes back by itself, if the server accepts links.
void cut(const link_ptr& link);
// Nothing that was asked arrives any more.
void drop_questions(const link_ptr& link);
// The process is gone. What it had sent arrives in part.
void abandon(const link_ptr& link);
// To a link, from the server.
void tell(const link_ptr& link, const symbols_announced& news);

} // namespace holdfast::simulation

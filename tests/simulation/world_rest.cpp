#include <algorithm>
#include <cstdlib>

#include "config/keys.hpp"
#include "tests/simulation/world.hpp"

namespace holdfast::simulation {

namespace {

using namespace std::chrono_literals;

// A file that went before the store lost something may have taken the only copy with it.
constexpr auto end_slack = 2s;

} // namespace

bool world::counters_are_exact(bool say) {
  bool exact = true;
  for (opening_number opening = 1; opening <= truth_.openings(); ++opening) {
    const auto ended = std::find_if(ended_.begin(), ended_.end(), [&](const auto& one) { return one.opening == opening; });
    const bool gone = ended != ended_.end() && ended->file_gone_at >= 0s;
    if (gone && store_.upheaval_at() >= ended->file_gone_at - end_slack)
      continue;
    for (const auto& [key, counted] : truth_.counted(opening)) {
      const auto brought = store_.brought(opening, key);
      // Hits and the like go on being counted.
      if (brought == counted || (!gone && ended == ended_.end() && key.starts_with("metrics:cache")))
        continue;
      exact = false;
      if (say)
        notes_.violate("at rest: opening " + std::to_string(opening) + " counted " + std::to_string(counted) + " of " + key
                       + ", the store has " + std::to_string(brought));
    }
    if (ended != ended_.end() && !gone) {
      exact = false;
      if (say)
        notes_.violate("at rest: the ledger of opening " + std::to_string(opening) + " was not adopted");
    }
  }
  return exact;
}

bool world::tables_are_fresh(bool say) {
  bool fresh = true;
  for (const auto& one : processes_)
    for (const auto which : all_markets) {
      const bool warm = one->parts->settings.warmup_interval(which) > 0s;
      if (!warm || one->parts->board->current(which)->fresh(one->parts->clock->boot_now()))
        continue;
      fresh = false;
      if (say)
        notes_.violate("at rest: opening " + std::to_string(one->opening) + " has no fresh table of " + std::string{to_string(which)});
    }
  return fresh;
}

void world::check_questions(const engine_process& one) {
  for (const auto which : all_markets) {
    const auto counted = truth_.counted(one.opening, keys::cache_hit(which)) + truth_.counted(one.opening, keys::cache_miss(which));
    if (static_cast<std::uint64_t>(counted) != one.questions[index(which)])
      notes_.violate("opening " + std::to_string(one.opening) + " was asked " + std::to_string(one.questions[index(which)]) + " times for "
                     + std::string{to_string(which)} + ", " + std::to_string(counted) + " hits and misses were counted");
  }
}

void world::check_rest() {
  check();
  if (!counters_are_exact(true))
    return;
  truth_.check_hosts();
  (void)tables_are_fresh(true);
  for (const auto& one : processes_)
    check_questions(*one);
  for (const auto& key : store_.index()) {
    std::int64_t sum = 0;
    for (opening_number opening = 1; opening <= truth_.openings(); ++opening)
      sum += store_.brought(opening, key);
    if (store_.value(key).value_or(0) != sum)
      notes_.violate("the store's own account is wrong: " + key);
  }
}

} // namespace holdfast::simulation

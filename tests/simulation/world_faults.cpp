#include <algorithm>

#include <caf/actor_cast.hpp>
#include <caf/local_actor.hpp>
#include <caf/send.hpp>

#include "tests/simulation/world.hpp"

namespace holdfast::simulation {

namespace {

using namespace std::chrono_literals;

} // namespace

void world::cause_trouble() {
  if (now_.awake() >= calm_at_ && (links_.stalled || links_.refuses_links || starts_fail_))
    thaw();
  const auto what = static_cast<trouble>(random_() % troubles);
  if (!enabled_[static_cast<std::size_t>(what)])
    return;
  switch (what) {
    case trouble::exchange:
      if (chance(3)) {
        const auto weight = static_cast<std::int64_t>(random_() % 6500);
        exchange_->use_weight(chance(2) ? market::spot : market::futures, weight);
      } else {
        const auto which = chance(2) ? market::spot : market::futures;
        const auto mood = chance(2) ? 0 : random_() % exchange_moods;
        exchange_->set_mood(which, static_cast<exchange_mood>(mood));
        notes_.note("exchange: " + std::string{to_string(which)} + " is in mood " + std::to_string(mood));
      }
      return;
    case trouble::starts:
      starts_fail_ = chance(2);
      calm_at_ = now_.awake() + random_span(1s, 90s);
      return;
    case trouble::clocks: return step_clock(*machines_[random_() % machines_.size()]);
    case trouble::sleep:
      if (!chance(4))
        return;
      now_.sleep(random_span(1s, 100s));
      notes_.note("the machines slept");
      for (auto& one : processes_)
        one->disturbed_until = now_.awake() + 20s;
      return;
    case trouble::links:
    case trouble::store_stalls:
    case trouble::store_refuses:
    case trouble::store_emptied:
    case trouble::store_goes_back: return trouble_store(what);
    default:
      if (auto* one = somebody())
        trouble_process(what, *one);
  }
}

void world::trouble_store(trouble what) {
  if (what == trouble::links) {
    if (auto* one = somebody(); one && !chance(4))
      return cut(one->link);
    links_.refuses_links = true;
    calm_at_ = now_.awake() + random_span(1s, 20s);
    for (const auto& one : processes_)
      cut(one->link);
    notes_.note("store: away");
  } else if (what == trouble::store_stalls) {
    links_.stalled = true;
    calm_at_ = now_.awake() + random_span(100ms, 8s);
    notes_.note("store: frozen");
  } else if (what == trouble::store_refuses) {
    const bool refuses = chance(2);
    store_.refuse_writes(refuses);
    notes_.note(refuses ? "store: refuses writes" : "store: takes writes");
  } else if (what == trouble::store_emptied && chance(2)) {
    store_.empty();
    notes_.note("store: emptied");
  } else if (what == trouble::store_goes_back && store_.go_back(random_())) {
    // What was under way dies with the old primary's connections.
    links_.late.clear();
    for (const auto& one : processes_) {
      drop_questions(one->link);
      cut(one->link);
    }
    notes_.note("store: went back");
  }
}

void world::trouble_process(trouble what, engine_process& one) {
  if (what == trouble::kills && chance(2)) {
    kill(one);
  } else if (what == trouble::stops && chance(2)) {
    stop(one);
  } else if (what == trouble::pauses) {
    const auto span = chance(3) ? random_span(1s, 12s) : random_span(1ms, 800ms);
    notes_.note("opening " + std::to_string(one.opening) + " is paused for " + std::to_string(span / 1ms) + " ms");
    turns_->pause(one.number, span);
    one.disturbed_until = now_.awake() + span + 20s;
  } else if (what == trouble::fetchers) {
    for (const auto& actor : turns_->actors_of(one.number))
      if (const auto* local = dynamic_cast<caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(actor));
          local && std::string_view{local->name()} == "fetcher" && chance(2)) {
        notes_.note("opening " + std::to_string(one.opening) + ": a fetcher is killed");
        caf::anon_send_exit(caf::actor_cast<caf::actor>(actor), caf::exit_reason::kill);
      }
  }
}

void world::step_clock(state_of_machine& machine) {
  const auto by = std::chrono::duration_cast<std::chrono::microseconds>(random_span(-3600s, 3600s));
  machine.clock->step_wall(by);
  machine.wall_was_stepped = true;
  for (const auto& other : machines_)
    if (other->clock == machine.clock)
      exchange_->forget_folder(other->number);
  notes_.note("machine " + std::to_string(machine.number) + ": the wall clock steps by " + std::to_string(by / 1ms) + " ms");
  // Ages that processes told each other by their wall clocks are worth nothing now.
  for (const auto& other : machines_)
    other->wall_was_stepped = true;
}

// What a frozen server had in its buffers is carried out now.
void world::thaw() {
  links_.stalled = links_.refuses_links = starts_fail_ = false;
  notes_.note("calm again");
  for (const auto& late : std::exchange(links_.late, {}))
    if (!chance(3))
      late();
}

void world::end_troubles() {
  thaw();
  store_.refuse_writes(false);
  links_.faults = false;
  for (const auto which : all_markets)
    exchange_->set_mood(which, exchange_mood::well);
  turns_->run_for(15s);
  end_stopped();
}

} // namespace holdfast::simulation

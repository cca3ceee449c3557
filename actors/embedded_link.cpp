#include "actors/embedded_link.hpp"

#include <utility>

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "runtime/boot_name.hpp"

namespace holdfast::embedded_parts {

namespace {

using namespace std::chrono_literals;

constexpr auto reopen_interval = 3s;
constexpr auto reopen_patience = 100ms; // whoever asks meanwhile waits as long

template <class Time>
std::int64_t in_ms(Time at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

store_event news_of(const embedded_store_state& state) {
  return state.status.up ? store_event{store_change::link_up, state.status.identity} : store_event{store_change::link_down, {}};
}

void set_up(embedded_store_state& state, bool up) {
  if (std::exchange(state.status.up, up) != up)
    for (const auto& listener : state.listeners)
      caf::anon_send(listener, news_of(state));
}

void take_failure(embedded_store_state& state, const std::string& why) {
  ++state.status.failures;
  state.status.last_error = why;
  state.trouble.failed(why);
  state.status.suppressed_warnings = state.trouble.suppressed();
}

void all_is_well(embedded_store_state& state) {
  state.status.last_error.clear();
  state.trouble.recovered();
}

} // namespace

std::int64_t now_ms(const embedded_store_state& state) { return in_ms(state.clock->boot_now()) + state.clock_offset_ms; }

void open_database(embedded_store_state& state, std::chrono::milliseconds patience) {
  auto opened = sqlite_kv::open(state.settings.path, patience, state.settings.ends);
  if (!opened) {
    state.reopen_at = state.clock->boot_now() + reopen_interval;
    take_failure(state, opened.error());
    return;
  }
  state.database = std::move(*opened);
  state.status.identity = {state.database->epoch(), {}, {}};
  const auto proposed = in_ms(state.clock->wall_now()) - in_ms(state.clock->boot_now());
  state.clock_offset_ms = boot_name().empty() ? proposed : state.database->clock_offset(boot_name(), proposed);
  state.seen_version = state.database->data_version();
  all_is_well(state);
  set_up(state, true);
}

bool has_ended(const embedded_store_state& state) noexcept { return state.settings.ends && state.settings.ends->passed(); }

void try_to_open(embedded_store_state& state) {
  if (!state.database && state.clock->boot_now() >= state.reopen_at)
    open_database(state, reopen_patience);
}

bool take_outcome(embedded_store_state& state, bool store_status::*part, bool good) {
  if (part == &store_status::up)
    set_up(state, good);
  else
    state.status.*part = good;
  if (!good)
    take_failure(state, state.database->last_error());
  else if (state.status.up && state.status.takes_writes)
    all_is_well(state);
  return good;
}

void add_listener(embedded_store_state& state, const store_listener& listener) {
  state.listeners.push_back(listener);
  caf::anon_send(listener, news_of(state));
}

} // namespace holdfast::embedded_parts

#include <algorithm>
#include <exception>
#include <future>
#include <system_error>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "actors/alarm.hpp"
#include "actors/redis_store_parts.hpp"
#include "runtime/redis_remedy.hpp"
#include "runtime/starting_thread.hpp"

namespace holdfast::redis_store_parts {

namespace {

using namespace std::chrono_literals;

constexpr auto rare_retry = 5s;

boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

void tell(self_pointer self, store_change change) {
  for (const auto& listener : self->state.listeners)
    self->send(listener, store_event{change, self->state.status.identity});
}

void arm(self_pointer self, std::chrono::nanoseconds span) {
  set_alarm<store_actor>(self, self->state.alarm, span, wake{look_after_link, ++self->state.timer});
}

// The warning is of the first connection; the second fails with it, and what only it meets is told to who asked. At the end
// nothing has failed but our patience.
void warn(self_pointer self, const std::string& why) {
  auto& state = self->state;
  ++state.status.failures;
  state.status.last_error = why;
  if (state.settings.bulk || state.settings.ends->passed())
    return logger()->debug("redis {}link failed reason={}", state.settings.bulk ? "bulk " : "", log_value(why));
  state.trouble.failed(state.status.endpoint + ": " + why);
  state.status.suppressed_warnings = state.trouble.suppressed();
}

void all_is_well(self_pointer self) {
  auto& state = self->state;
  if (!state.link || state.writes.active || state.merges.active)
    return;
  state.status.last_error.clear();
  state.trouble.recovered();
}

void take_identity(self_pointer self, const store_identity& identity) {
  auto& state = self->state;
  const bool changed = state.identity_known && identity != state.status.identity;
  state.identity_known = true;
  state.status.identity = identity;
  if (changed)
    tell(self, store_change::identity);
}

// A first write was part of the greeting: a server that takes none is not asked for another at once.
void take_write_trouble(self_pointer self, const std::string& trouble) {
  auto& writes = self->state.writes;
  const auto remedy = remedy_of(trouble);
  if (trouble.empty())
    resume(self, writes);
  else if (!writes.active && remedy == redis_remedy::pause_writes)
    pause(self, writes, fault::store_refused, trouble);
  else if (!writes.active && remedy == redis_remedy::fail_over)
    pause(self, writes, fault::store_away, trouble);
}

void link_is_up(self_pointer self) {
  auto& state = self->state;
  state.retry.reset();
  state.hopeful = true;
  state.status.up = true;
  ++state.status.reconnects;
  if (!state.settings.bulk) {
    take_write_trouble(self, state.link->write_trouble);
    take_identity(self, state.link->identity);
    if (state.status.reconnects > 1)
      self->send(state.bulk, wake{renew_link, 0});
    arm(self, state.settings.check_interval);
  }
  if (std::exchange(state.told_down, false))
    tell(self, store_change::link_up);
  all_is_well(self);
}

// Nobody may have anything to write: what the server refused is asked for again, by a write that changes nothing.
void try_a_write(self_pointer self) {
  if (!self->state.writes.active)
    return;
  const auto deadline = now_of(self) + self->state.settings.command_timeout;
  queue(self, {{call({"SETRANGE", word(keys::epoch), "0", ""})}, redis_errand::write, deadline,
               [](std::span<redis_reply> replies) { return replies[0].what == redis_reply::kind::integer; },
               [](fault, const std::string&) {}});
}

// One GET: a store that was emptied has another epoch, or none.
void check_epoch(self_pointer self) {
  const auto deadline = now_of(self) + self->state.settings.command_timeout;
  queue(self, {{call({"GET", word(keys::epoch)})}, redis_errand::free, deadline,
               [self](std::span<redis_reply> replies) {
                 const auto& state = self->state;
                 if (!state.link)
                   return true;
                 // Where none could be set yet, one is set as soon as the server takes writes.
                 const bool can_be_set = replies[0].text.empty() && !state.writes.active
                                         && remedy_of(state.link->write_trouble) != redis_remedy::refuse;
                 if (replies[0].text != state.status.identity.epoch || can_be_set)
                   renew(self);
                 return true;
               },
               [](fault, const std::string&) {}});
}

expected<redis_connection, redis_failure> connection_or_why(const redis_store_settings& settings) {
  try {
    return open_redis_connection(settings);
  } catch (const std::exception& error) {
    return unexpected{redis_failure{redis_failure_kind::unreachable, error.what()}};
  }
}

} // namespace

void start_attempt(self_pointer self) {
  auto& state = self->state;
  if (state.attempt)
    return;
  const auto connect = [settings = state.settings, store = store_actor{self}] {
    auto opened = connection_or_why(settings);
    caf::anon_send(store, wake{attempt_ended, 0});
    return opened;
  };
  try {
    const std::lock_guard guard{starting_thread};
    state.attempt = std::make_shared<redis_attempt>(redis_attempt{std::async(std::launch::async, connect)});
  } catch (const std::system_error& error) { // no thread to be had
    link_failed(self, error.what());
  }
}

void take_attempt(self_pointer self) {
  auto& state = self->state;
  if (!state.attempt)
    return;
  auto result = std::exchange(state.attempt, nullptr)->result.get();
  if (!result) {
    const auto& why = result.error();
    const bool rarely = why.kind == redis_failure_kind::refused && remedy_of(why.detail) != redis_remedy::reconnect;
    return link_failed(self, why.detail, rarely);
  }
  state.link = std::make_shared<redis_connection>(std::move(*result));
  link_is_up(self);
  drain(self);
}

void renew(self_pointer self) {
  auto& state = self->state;
  state.link.reset();
  state.hopeful = true;
  state.retry_at = {};
  // The second connection waits for a question.
  if (!state.settings.bulk)
    start_attempt(self);
}

void link_failed(self_pointer self, const std::string& why, bool rarely) {
  auto& state = self->state;
  state.link.reset();
  state.hopeful = false;
  state.status.up = false;
  const auto span = rarely ? rare_retry + state.retry.next() : state.retry.next() + 10ms;
  state.retry_at = now_of(self) + span;
  warn(self, why);
  if (!state.settings.bulk)
    arm(self, span);
  if (!std::exchange(state.told_down, true))
    tell(self, store_change::link_down);
  fail_waiting(self, fault::store_away, why);
}

void look_after(self_pointer self) {
  auto& state = self->state;
  if (!state.link)
    return start_attempt(self);
  check_epoch(self);
  try_a_write(self);
  forget_retired(self);
  arm(self, state.settings.check_interval);
}

void pause(self_pointer self, redis_pause& what, fault answer, const std::string& why) {
  const auto now = now_of(self);
  self->state.refused_at = now;
  if (std::exchange(what.active, true) && now < what.until)
    return; // one pipeline may bring the same news many times
  what.answer = answer;
  what.why = why;
  what.until = now + what.retry.next() + 50ms;
  warn(self, why);
}

void resume(self_pointer self, redis_pause& what) {
  if (!std::exchange(what.active, false))
    return;
  what.retry.reset();
  all_is_well(self);
}

void note_permission(self_pointer self, std::string_view what, const std::string& why) {
  auto& forbidden = *self->state.settings.forbidden;
  const std::lock_guard guard{forbidden.mutex};
  if (why.empty())
    forbidden.why.erase(what);
  else
    forbidden.why.insert_or_assign(what, why);
}

// A question may succeed because it had nothing to write: for two checks after a refusal that proves nothing. What this user may not
// write stays forbidden until it is written.
store_status status_of(self_pointer self) {
  const auto& state = self->state;
  auto status = state.status;
  const bool refused = state.refused_at && now_of(self) - *state.refused_at < 2 * state.settings.check_interval;
  auto& forbidden = *state.settings.forbidden;
  const std::lock_guard guard{forbidden.mutex};
  status.takes_writes = !state.writes.active && !state.merges.active && !refused && forbidden.why.empty();
  if (status.up && status.last_error.empty() && !forbidden.why.empty())
    status.last_error = forbidden.why.begin()->second + " (" + std::string{forbidden.why.begin()->first} + ')';
  return status;
}

void open_subscription(self_pointer self) {
  auto& state = self->state;
  state.heard = std::make_shared<heard_announcements>();
  const auto take = [box = state.heard, store = caf::actor_cast<caf::actor_addr>(self)](std::string_view text) {
    const auto blank = std::min(text.find(' '), text.size());
    const auto which = parse_market(text.substr(0, blank));
    const auto order = parse_table_order(text.substr(std::min(blank + 1, text.size())));
    if (!which || !order.known())
      return;
    {
      const std::lock_guard guard{box->mutex};
      auto& newest = box->newest[index(*which)];
      newest = std::max(newest.value_or(table_order{}), order);
    }
    if (const auto alive = caf::actor_cast<caf::strong_actor_ptr>(store))
      caf::anon_send(caf::actor_cast<store_actor>(alive), wake{announcement_heard, 0});
  };
  redis_subscription_settings settings{state.settings.url, state.settings.connect_timeout, state.settings.command_timeout,
                                       word(keys::announcements)};
  try {
    const std::lock_guard guard{starting_thread};
    state.subscription = std::make_unique<redis_subscription>(std::move(settings), take);
  } catch (const std::exception& error) { // no thread or descriptor to be had
    logger()->warn("announcements are not heard reason={}", log_value(error.what()));
  }
}

void tell_announcements(self_pointer self) {
  auto& state = self->state;
  decltype(state.heard->newest) newest;
  {
    const std::lock_guard guard{state.heard->mutex};
    newest = std::exchange(state.heard->newest, {});
  }
  for (const auto which : all_markets)
    if (const auto& order = newest[index(which)])
      for (const auto& listener : state.listeners)
        self->send(listener, symbols_announced{which, *order});
}

} // namespace holdfast::redis_store_parts

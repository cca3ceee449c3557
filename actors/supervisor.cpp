#include "actors/supervisor.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = supervisor_actor::stateful_pointer<supervisor_state>;
using fetch_promise = caf::typed_response_promise<fetch_result>;

// A fetcher gives up by itself at its deadline; one that is still silent after this is stuck.
constexpr auto grace = 500ms;
constexpr auto fallback_patience = 1s;

supervised_fetcher& of(self_pointer self, market which) { return self->state.fetchers[index(which)]; }

void release(supervised_fetcher& one) {
  if (one.child.cancel)
    one.child.cancel();
  if (one.child.handle)
    caf::anon_send_exit(one.child.handle, caf::exit_reason::kill);
  one.child = {};
}

// Answers with last good's table, or with none where nothing was ever good.
void answer_from_last_good(self_pointer self, market which, std::vector<fetch_promise> promises, fault why,
                           const std::string& detail, std::optional<boot_time> forbidden_until) {
  fetch_result result{which, {}, why, detail, forbidden_until};
  auto deliver = [promises = std::move(promises), result](symbols_answer answer) mutable {
    result.answer = std::move(answer);
    for (auto& promise : promises)
      promise.deliver(result);
  };
  self->request(self->state.last_good, fallback_patience, last_good_wanted{which})
    .then([deliver](symbols_answer& answer) mutable { deliver(std::move(answer)); },
          [deliver](const caf::error&) mutable { deliver({}); });
}

void fail_fetch(self_pointer self, market which, fault why, const std::string& detail) {
  auto& one = of(self, which);
  one.fetching = false;
  ++one.status.failures;
  one.status.last_error = detail;
  std::optional<boot_time> until;
  if (one.asked_not_before > self->state.clock->boot_now())
    until = one.asked_not_before;
  if (one.circuit.state() == circuit_breaker::phase::open)
    until = std::max(until.value_or(one.circuit.open_until()), one.circuit.open_until());
  answer_from_last_good(self, which, std::exchange(one.waiting, {}), why, detail, until);
}

void start_fetcher(self_pointer self, market which);

// The four facts of a supervisor's report: supervisor, context, reason, offender.
void report(self_pointer self, market which, std::string_view context, const std::string& reason) {
  const auto kind = of(self, which).status.down ? event_kind::fetcher_down : event_kind::restart;
  self->state.settings.watched->events.note(kind, to_string(which), reason, self->state.clock->wall_now());
  logger()->warn("supervisor=supervisor context={} reason={} offender=fetcher_{}", context, log_value(reason), to_string(which));
}

void fetcher_ended(self_pointer self, market which, std::string_view context, const std::string& reason) {
  auto& one = of(self, which);
  const auto now = self->state.clock->boot_now();
  release(one);
  one.status.running = false;
  if (one.fetching)
    one.circuit.failed(now);
  auto wait = one.restart_wait.next();
  if (one.restarts.spend(now) && !one.status.down) {
    ++one.status.restarts;
    report(self, which, context, reason);
  } else {
    // The failure may have opened it already: opening it twice would double its length twice. One that was open until now
    // opens again: whoever cannot even be started would be started without a pause.
    if (one.circuit.state() != circuit_breaker::phase::open || one.circuit.open_until() <= now)
      one.circuit.open(now);
    wait = one.circuit.open_until() - now;
    if (!std::exchange(one.status.down, true))
      report(self, which, "restart_intensity_reached", reason);
  }
  self->delayed_send(self, wait, wake{static_cast<std::uint32_t>(which), 0});
  if (one.fetching) {
    self->state.settings.watched->of(which).fetches[static_cast<std::size_t>(fetch_ending::crashed)].fetch_add(1);
    fail_fetch(self, which, fault::fetch_failed, "the fetcher ended: " + reason);
  }
}

void start_fetcher(self_pointer self, market which) {
  auto& one = of(self, which);
  if (one.child.handle)
    return;
  try {
    one.child = self->state.settings.start(self->system(), which);
    if (!one.child.handle)
      throw std::runtime_error{"nothing was started"};
  } catch (const std::exception& failure) {
    return fetcher_ended(self, which, "start_error", failure.what());
  } catch (...) {
    return fetcher_ended(self, which, "start_error", "unknown exception");
  }
  self->monitor(one.child.handle);
  one.status.running = true;
}

void succeeded(self_pointer self, market which, fetch_outcome& outcome) {
  auto& one = of(self, which);
  one.fetching = false;
  one.circuit.succeeded();
  one.restart_wait.reset();
  one.fetch_wait.reset();
  one.asked_not_before = {};
  one.status.down = false;
  one.status.last_error.clear();
  one.trouble.recovered();
  const fetch_result result{which, std::move(outcome.answer), fault::none, {}, {}};
  for (auto& promise : std::exchange(one.waiting, {}))
    promise.deliver(result);
}

void answered(self_pointer self, market which, fetch_outcome& outcome) {
  if (outcome.answer.table)
    return succeeded(self, which, outcome);
  auto& one = of(self, which);
  const auto now = self->state.clock->boot_now();
  if (outcome.failure == fault::fetch_forbidden) {
    one.asked_not_before = outcome.forbidden_until.value_or(now + one.fetch_wait.ceiling());
  } else {
    one.circuit.failed(now);
    one.asked_not_before = now + one.fetch_wait.next();
    one.trouble.failed(outcome.detail, now);
  }
  fail_fetch(self, which, outcome.failure, outcome.detail);
}

// Counts how a fetch ended and how long it took, and notes what changes what may be asked.
void watch(self_pointer self, market which, const fetch_outcome& outcome, std::chrono::nanoseconds took) {
  auto& watched = *self->state.settings.watched;
  const auto note = [&](event_kind kind, const std::string& detail) {
    watched.events.note(kind, to_string(which), detail, self->state.clock->wall_now());
  };
  auto ending = fetch_ending::failed;
  if (outcome.answer.table)
    ending = outcome.answer.source == symbols_source::private_api ? fetch_ending::private_api : fetch_ending::public_api;
  else if (outcome.failure == fault::fetch_forbidden)
    ending = fetch_ending::forbidden;
  else if (outcome.failure == fault::table_refused)
    ending = fetch_ending::refused;
  watched.of(which).fetch_ended(ending, took);
  if (ending == fetch_ending::forbidden)
    note(event_kind::embargo, outcome.detail);
  if (ending == fetch_ending::refused)
    note(event_kind::gate_refusal, outcome.detail);
  if (outcome.answer.table && !outcome.detail.empty())
    note(event_kind::list_empty, outcome.detail);
}

void start_fetch(self_pointer self, market which, symbol_table_ptr baseline) {
  auto& one = of(self, which);
  const auto& state = self->state;
  one.fetching = true;
  ++one.status.fetches;
  const auto number = ++one.fetch_number;
  const auto began = state.clock->boot_now();
  const fetch_symbols wanted{std::move(baseline), began + state.settings.fetch_timeout};
  self->request(one.child.handle, state.settings.fetch_timeout + grace, wanted)
    .then(
      [self, which, number, began](fetch_outcome& outcome) {
        if (of(self, which).fetch_number != number || !of(self, which).fetching)
          return;
        watch(self, which, outcome, self->state.clock->boot_now() - began);
        answered(self, which, outcome);
      },
      [self, which, number](const caf::error& why) {
        auto& asked = of(self, which);
        if (asked.fetch_number != number || !asked.fetching)
          return;
        self->demonitor(asked.child.handle.address());
        const bool stuck = why == caf::sec::request_timeout;
        fetcher_ended(self, which, stuck ? "stuck_past_deadline" : "child_terminated",
                      stuck ? "no answer by the deadline" : self->system().render(why));
      });
}

void want_fetch(self_pointer self, const fetch_wanted& wanted, fetch_promise promise) {
  auto& one = of(self, wanted.which);
  if (one.fetching) {
    one.waiting.push_back(std::move(promise));
    return;
  }
  const auto now = self->state.clock->boot_now();
  std::optional<boot_time> until;
  std::string why;
  if (now < one.asked_not_before) {
    until = one.asked_not_before;
    why = one.status.last_error;
  } else if (!one.circuit.admit(now)) {
    until = one.circuit.open_until();
    why = "the circuit is open after " + std::to_string(one.circuit.failures()) + " failures";
  } else if (!one.child.handle) {
    why = "the fetcher is being restarted";
  } else {
    one.waiting.push_back(std::move(promise));
    return start_fetch(self, wanted.which, wanted.baseline);
  }
  std::vector<fetch_promise> promises;
  promises.push_back(std::move(promise));
  answer_from_last_good(self, wanted.which, std::move(promises), fault::fetch_forbidden, why, until);
}

supervisor_status status_of(const supervisor_state& state) {
  supervisor_status status;
  const auto now = state.clock->boot_now();
  for (const auto which : all_markets) {
    const auto& one = state.fetchers[index(which)];
    auto& told = status.fetchers[index(which)];
    told = one.status;
    told.circuit = static_cast<circuit_state>(one.circuit.state());
    told.consecutive_failures = one.circuit.failures();
    if (now < one.asked_not_before)
      told.forbidden_until = one.asked_not_before;
    if (one.circuit.state() == circuit_breaker::phase::open)
      told.forbidden_until = std::max(told.forbidden_until.value_or(now), one.circuit.open_until());
  }
  return status;
}

void set_up(supervisor_state& state) {
  for (const auto which : all_markets) {
    auto& one = state.fetchers[index(which)];
    const auto& settings = state.settings;
    const auto seed = settings.seed * market_count + index(which);
    one.restarts = restart_budget{settings.max_restarts, settings.restart_window};
    one.circuit = circuit_breaker{5, 5s, 15s};
    one.restart_wait = backoff{100ms, 10s, seed};
    one.fetch_wait = backoff{250ms, 10s, seed + market_count};
    one.trouble = repeated_failure{"fetch", " market=" + std::string{to_string(which)}};
  }
}

} // namespace

supervisor_state::~supervisor_state() {
  for (auto& one : fetchers)
    release(one);
}

supervisor_actor::behavior_type supervisor(self_pointer self, supervisor_settings settings, clock_ptr clock,
                                           last_good_actor last_good) {
  self->state.settings = std::move(settings);
  self->state.clock = std::move(clock);
  self->state.last_good = std::move(last_good);
  set_up(self->state);
  self->set_down_handler([self](const caf::down_msg& down) {
    for (const auto which : all_markets)
      if (of(self, which).child.handle && of(self, which).child.handle.address() == down.source)
        fetcher_ended(self, which, "child_terminated", self->system().render(down.reason));
  });
  for (const auto which : all_markets)
    start_fetcher(self, which);
  return {
    [self](const fetch_wanted& wanted) {
      auto promise = self->make_response_promise<fetch_result>();
      want_fetch(self, wanted, promise);
      return promise;
    },
    [self](const fallback_wanted& wanted) {
      auto promise = self->make_response_promise<fetch_result>();
      answer_from_last_good(self, wanted.which, {promise}, fault::deadline, "the fetch goes on", {});
      return promise;
    },
    [self](const get_supervisor_status&) { return status_of(self->state); },
    [self](const wake& restart) { start_fetcher(self, static_cast<market>(restart.what)); },
  };
}

} // namespace holdfast

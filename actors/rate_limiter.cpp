#include "actors/rate_limiter.hpp"

#include <algorithm>
#include <utility>

#include <caf/typed_event_based_actor.hpp>

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = rate_limiter_actor::stateful_pointer<rate_limiter_state>;
using batch_ptr = std::shared_ptr<std::vector<waiting_limit>>;

constexpr std::size_t waiting_max = 100'000;
constexpr std::chrono::nanoseconds renewal_patience = 500ms;

enum wake_reason : std::uint32_t { send_batch_due, deadline_due };

boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

void answer_blindly(self_pointer self, awaited_permits& one) {
  if (!one.claim())
    return;
  ++self->state.status.unanswered;
  one.answer(one.core->decide_blind(one.amount));
}

void schedule_send(self_pointer self) {
  auto& state = self->state;
  if (!state.asked && !state.waiting.empty() && !std::exchange(state.send_scheduled, true))
    self->send(self, wake{send_batch_due, 0});
}

void arm(self_pointer self, boot_time when) {
  if (self->state.timers.wants(when))
    self->delayed_send(self, std::max<std::chrono::nanoseconds>(when - now_of(self), 0ns),
                       wake{deadline_due, running_timers::number_of(when)});
}

void renew(self_pointer self, const limiter_core_ptr& core) {
  auto& limit = self->state.waiting[core.get()];
  limit.core = core;
  limit.renew = true;
  schedule_send(self);
}

void wait_for_store(self_pointer self, std::shared_ptr<awaited_permits> one) {
  auto& state = self->state;
  if (state.waiting_count >= waiting_max)
    return answer_blindly(self, *one);
  ++state.waiting_count;
  arm(self, one->deadline);
  auto& limit = state.waiting[one->core.get()];
  limit.core = one->core;
  limit.who.push_back(std::move(one));
  schedule_send(self);
}

// Whoever waited while others got a lease, a refusal or no answer may need the store no more.
void answer_what_is_known(self_pointer self, waiting_limit& limit) {
  const auto now = now_of(self);
  std::erase_if(limit.who, [&](const std::shared_ptr<awaited_permits>& one) {
    if (one->deadline <= now) {
      answer_blindly(self, *one);
      return true;
    }
    const auto here = limit.core->decide_here(one->amount);
    limit.renew = limit.renew || (here && here->renew);
    if (here && one->claim())
      one->answer(here->decision);
    return here.has_value();
  });
}

rate_question question_about(waiting_limit& limit) {
  std::vector<std::uint32_t> amounts;
  for (const auto& one : limit.who)
    amounts.push_back(one->amount);
  rate_question question{limit.core->limit().key, limit.core->request_for(std::move(amounts), limit.renew)};
  limit.forced = question.request.forced;
  limit.least = question.request.least;
  return question;
}

// Takes out of what waits what one batch may hold.
batch_ptr take_batch(self_pointer self) {
  auto& state = self->state;
  auto batch = std::make_shared<std::vector<waiting_limit>>();
  auto waiting = std::exchange(state.waiting, {});
  for (auto& [core, limit] : waiting) {
    state.waiting_count -= limit.who.size();
    answer_what_is_known(self, limit);
    if (limit.who.empty() && !limit.renew)
      continue;
    if (limit.who.size() > rate_amounts_max) {
      auto& rest = state.waiting[core];
      rest.core = limit.core;
      rest.who.assign(limit.who.begin() + rate_amounts_max, limit.who.end());
      state.waiting_count += rest.who.size();
      limit.who.resize(rate_amounts_max);
    }
    batch->push_back(std::move(limit));
  }
  return batch;
}

void settle_leased(self_pointer self, const waiting_limit& limit, const rate_verdict& verdict, boot_time asked_at) {
  const auto& core = limit.core;
  // The store counts what it granted until a window after the lease's end, and no longer: it must not be used later.
  if (verdict.granted > 0 && core->lease_has_ended(asked_at)) {
    core->lease_not_taken();
    for (const auto& one : limit.who)
      answer_blindly(self, *one);
    return;
  }
  if (limit.least == 1)
    core->remember_refusal(verdict, asked_at);
  auto rest = verdict.granted;
  for (const auto& one : limit.who)
    if (one->claim())
      one->answer(core->settle_leased(one->amount, rest, verdict));
  core->take_lease(verdict.granted, rest, verdict, asked_at);
}

void settle(self_pointer self, const waiting_limit& limit, const rate_answer& answer, boot_time asked_at) {
  const auto& core = limit.core;
  self->state.status.decided += answer.verdicts.size();
  core->blind_told(limit.forced);
  if (core->limit().options.mode == rate_mode::leased) {
    return settle_leased(self, limit, answer.verdicts.front(), asked_at);
  }
  for (std::size_t i = 0; i < limit.who.size(); ++i)
    if (limit.who[i]->claim())
      limit.who[i]->answer(core->settle(answer.verdicts[i], limit.who[i]->amount, asked_at));
}

void give_up(self_pointer self, const waiting_limit& limit) {
  limit.core->store_failed();
  limit.core->lease_not_taken();
  for (const auto& one : limit.who)
    answer_blindly(self, *one);
}

bool is_whole(const waiting_limit& limit, const rate_answer& answer) {
  const bool leased = limit.core->limit().options.mode == rate_mode::leased;
  return answer.error == fault::none && answer.verdicts.size() == (leased ? 1 : limit.who.size());
}

void batch_answered(self_pointer self, const batch_ptr& batch, const store_rate_limits_reply& reply, boot_time asked_at) {
  auto& state = self->state;
  state.asked = nullptr;
  state.trouble.recovered();
  state.status.last_error.clear();
  if (reply.processes > 0)
    state.registry->set_processes(reply.processes);
  for (std::size_t i = 0; i < batch->size(); ++i) {
    const auto& limit = (*batch)[i];
    if (i < reply.answers.size() && is_whole(limit, reply.answers[i]))
      settle(self, limit, reply.answers[i], asked_at);
    else
      give_up(self, limit);
  }
  schedule_send(self);
}

void batch_failed(self_pointer self, const batch_ptr& batch, const caf::error& why) {
  auto& state = self->state;
  state.asked = nullptr;
  state.status.last_error = to_string(fault_of(why));
  state.trouble.failed(state.status.last_error);
  for (const auto& limit : *batch)
    give_up(self, limit);
  schedule_send(self);
}

void send_batch(self_pointer self) {
  auto& state = self->state;
  state.send_scheduled = false;
  if (state.asked)
    return;
  auto batch = take_batch(self);
  if (batch->empty())
    return schedule_send(self);
  const auto asked_at = now_of(self);
  store_rate_limits question{{}, {}, asked_at + 1ms};
  for (auto& limit : *batch) {
    question.questions.push_back(question_about(limit));
    // A caller with less time than the limit gives the store must not make it fail.
    question.deadline = std::max(question.deadline, asked_at + (limit.who.empty() ? renewal_patience
                                                                                  : limit.core->limit().options.deadline));
    for (const auto& one : limit.who)
      question.deadline = std::max(question.deadline, one->deadline);
  }
  if (asked_at >= state.note_at) {
    question.process = state.settings.process;
    state.note_at = asked_at + state.settings.note_interval;
  }
  state.asked = batch;
  const auto patience = question.deadline - asked_at;
  self->request(state.store, patience, std::move(question))
    .then([self, batch, asked_at](const store_rate_limits_reply& reply) { batch_answered(self, batch, reply, asked_at); },
          [self, batch](const caf::error& why) { batch_failed(self, batch, why); });
}

// Whose time has come is answered blindly; a timer is set for whoever is next.
void on_deadline(self_pointer self, std::uint64_t timer) {
  auto& state = self->state;
  const auto now = now_of(self);
  state.timers.rang(timer);
  auto next = boot_time::max();
  const auto look = [&](const waiting_limit& limit) {
    for (const auto& one : limit.who) {
      if (one->deadline > now) {
        next = std::min(next, one->deadline);
      } else if (one->claim()) {
        ++state.status.unanswered;
        if (one->waited_in_full(now))
          limit.core->store_failed();
        one->answer(limit.core->decide_blind(one->amount));
      }
    }
  };
  for (const auto& [core, limit] : state.waiting)
    look(limit);
  if (state.asked)
    for (const auto& limit : *state.asked)
      look(limit);
  if (next != boot_time::max())
    arm(self, next);
}

caf::result<rate_decision> acquire(self_pointer self, const acquire_permits& wanted) {
  const auto what = check_rate_limit(wanted.key, wanted.limit, wanted.window, wanted.options);
  if (!what)
    return make_error(fault::bad_request, what.error().text);
  const auto core = self->state.registry->find(*what);
  if (const auto here = core->decide_here(wanted.amount)) {
    if (here->renew)
      renew(self, core);
    return here->decision;
  }
  auto promise = self->make_response_promise<rate_decision>();
  wait_for_store(self, std::make_shared<awaited_permits>(core, wanted.amount, now_of(self), wanted.options.deadline,
                                                         [promise](const rate_decision& decision) mutable {
                                                           promise.deliver(decision);
                                                         }));
  return promise;
}

rate_limiter_status status_of(const rate_limiter_state& state) {
  auto status = state.status;
  status.limits = state.registry->size();
  status.processes = state.registry->processes();
  status.waiting = state.waiting_count;
  return status;
}

} // namespace

rate_limiter_actor::behavior_type rate_limiter(self_pointer self, rate_limiter_settings settings, clock_ptr clock,
                                               limiter_registry_ptr registry, store_actor store) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.registry = std::move(registry);
  state.store = std::move(store);
  return {
    [self](const acquire_permits& wanted) { return acquire(self, wanted); },
    [self](const permits_awaited& wanted) { wait_for_store(self, wanted.who); },
    [self](const lease_low& low) { renew(self, low.core); },
    [self](const get_rate_limiter_status&) { return status_of(self->state); },
    [self](const wake& why) { why.what == send_batch_due ? send_batch(self) : on_deadline(self, why.number); },
  };
}

} // namespace holdfast

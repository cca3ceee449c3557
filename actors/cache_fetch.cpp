#include <algorithm>
#include <utility>

#include <caf/send.hpp>

#include "actors/cache_parts.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_calendar.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// How often one who waits for another process's fetch asks whether it is over: it may have failed.
constexpr auto other_fetch_pause = 1s;
// Longer than one fetch of another process; whoever fails again and again may have the lease again and again.
constexpr auto other_fetch_grace = 3s;

bool satisfied(self_pointer self, market which, boot_time wanted_since) {
  const auto board = board_of(self, which);
  return board->fresh(now_of(self)) && board->fetched_boot && *board->fetched_boot > wanted_since;
}

// The table that hangs goes into the store under the token that we hold; then others may fetch.
void write_under_lease(self_pointer self, market which) {
  const auto number = attempt_of(self, which).number;
  write_to_store(self, which, [self, which, number] {
    // The next attempt has the same lease, renewed, and gives it back itself.
    if (attempt_of(self, which).number == number)
      give_back_lease(self, which);
  });
}

void end_attempt(self_pointer self, market which) {
  auto& attempt = attempt_of(self, which);
  attempt.stage = attempt_stage::none;
  ++attempt.number;
}

void answer_after_attempt(self_pointer self, market which) {
  if (board_of(self, which)->fresh(now_of(self)))
    answer_from_board(self, which, true);
  answer_refreshers(self, outcome_of(self, which, false));
}

// Nothing has to be fetched. A table without a token is given one by its age: under ours it would be above those that were fetched
// meanwhile.
void end_without_fetch(self_pointer self, market which) {
  end_attempt(self, which);
  const auto board = board_of(self, which);
  if (holds_lease(self, which) && board->table && !board->order.known() && board->fresh(now_of(self))) {
    publish(self, which,
            {board->table, board->source, board->fetched_at, board->fetched_boot, order_by_age(self, which), board->judged_since},
            board->fresh_until);
    write_under_lease(self, which);
  } else {
    give_back_lease(self, which);
  }
  answer_after_attempt(self, which);
}

void fetch_ended(self_pointer self, fetch_result& result) {
  const auto which = result.which;
  auto& one = of(self, which);
  one.forbidden_until = result.forbidden_until.value_or(boot_time{});
  if (result.failure == fault::none && result.answer.table) {
    const auto fetched = result.answer.fetched_at.value_or(self->state.clock->wall_now());
    result.answer.judged_since = std::min(one.attempt.judged_since.value_or(fetched), fetched);
    return accept(self, which, result.answer);
  }
  end_attempt(self, which);
  give_back_lease(self, which);
  plan_early_refresh_again(self, which);
  // Last good's table is worth hanging up where it is the better one; it is stale by nature.
  const auto board = board_of(self, which);
  if (result.answer.table
      && (!board->table || (!board->fresh(now_of(self)) && is_newer(result.answer.stamp(), board->stamp())))) {
    result.answer.source = symbols_source::last_good;
    publish(self, which, result.answer, boot_time{});
  }
  // Where the store is still being asked, it may know better.
  if (!one.asking_store)
    answer_from_board(self, which);
  auto outcome = outcome_of(self, which, false);
  outcome.failure = result.failure;
  outcome.detail = result.detail;
  outcome.forbidden_until = result.forbidden_until;
  answer_refreshers(self, outcome);
}

void ask_exchange(self_pointer self, market which) {
  auto& attempt = attempt_of(self, which);
  attempt.stage = attempt_stage::fetching;
  attempt.fetch_began = now_of(self);
  if (!of(self, which).asking_store)
    count_waiting(self, which, false);
  ++of(self, which).status.fetches;
  const auto number = attempt.number;
  if (attempt.token != 0)
    self->delayed_send(self, self->state.settings.lease_ttl / 3, wake_for(timer::lease_renewal, which, number));
  const auto known = newest_known(self, which);
  attempt.judged_since = known.judged_since;
  self->request(self->state.supervisor, self->state.settings.fetch_timeout + 3s, fetch_wanted{which, known.table})
    .then([self](fetch_result& result) { fetch_ended(self, result); },
          [self, which](const caf::error& why) {
            fetch_result result{which, {}, fault_of(why), self->system().render(why), {}};
            fetch_ended(self, result);
          });
}

void check_or_fetch(self_pointer self, market which) {
  const auto& attempt = attempt_of(self, which);
  if (!attempt.may_fetch || satisfied(self, which, attempt.wanted_since))
    return end_without_fetch(self, which);
  ask_exchange(self, which);
}

void take_lease(self_pointer self, market which);

// What others left could not be read. A fetch is younger than that in any case; a table that we have need not be, and our
// token would put it above theirs: it waits for the next look.
void go_on_unseeing(self_pointer self, market which) {
  const auto& attempt = attempt_of(self, which);
  if (attempt.may_fetch && !satisfied(self, which, attempt.wanted_since))
    return ask_exchange(self, which);
  end_attempt(self, which);
  give_back_lease(self, which);
  answer_after_attempt(self, which);
}

// The right to fetch is ours. Somebody may have had it a moment ago and left a table.
void look_before_fetch(self_pointer self, market which) {
  attempt_of(self, which).stage = attempt_stage::checking;
  read_fence(self, which, [self, which](std::optional<table_order> found) {
    if (!found)
      return go_on_unseeing(self, which);
    auto& attempt = attempt_of(self, which);
    // The store's clock went back: nothing could be written under our token. One that has no higher token is not asked for ever.
    if (found->token >= attempt.token)
      std::exchange(attempt.asked_for_more, true) ? go_on_unseeing(self, which) : take_lease(self, which);
    else if (*found > of(self, which).judged && *found > stamp_of_board(self, which).order)
      follow(self, which, [self, which](bool was_read) { was_read ? check_or_fetch(self, which) : go_on_unseeing(self, which); });
    else
      check_or_fetch(self, which);
  });
}

// Others had the lease for longer than a fetch takes and brought nothing.
void give_up_waiting(self_pointer self, market which) {
  end_attempt(self, which);
  plan_early_refresh_again(self, which);
  if (!of(self, which).asking_store)
    answer_from_board(self, which);
  auto outcome = outcome_of(self, which, false);
  outcome.failure = fault::deadline;
  outcome.detail = "other processes are fetching and bring nothing";
  answer_refreshers(self, outcome);
}

void wait_for_other(self_pointer self, market which, std::chrono::milliseconds left) {
  auto& attempt = attempt_of(self, which);
  if (now_of(self) - attempt.began > self->state.settings.fetch_timeout + other_fetch_grace)
    return give_up_waiting(self, which);
  attempt.stage = attempt_stage::waiting;
  const auto pause = std::clamp<nanoseconds>(left, 10ms, other_fetch_pause);
  self->delayed_send(self, pause, wake_for(timer::other_fetch, which, attempt.number));
}

void take_lease(self_pointer self, market which) {
  auto& one = of(self, which);
  one.attempt.stage = attempt_stage::leasing;
  one.highest_token = std::max(one.highest_token, board_of(self, which)->order.token);
  const auto before = now_of(self);
  const auto ttl = self->state.settings.lease_ttl;
  self->request(self->state.store, lease_patience, lease_question(self, which, one.highest_token))
    .then(
      [self, which, before, ttl](const lease_reply& reply) {
        auto& asked = of(self, which);
        if (!reply.granted)
          return wait_for_other(self, which, reply.ttl_left);
        asked.attempt.token = reply.token;
        asked.attempt.lease_until = before + ttl;
        asked.highest_token = std::max(asked.highest_token, reply.token);
        look_before_fetch(self, which);
      },
      [self, which](const caf::error&) { check_or_fetch(self, which); });
}

// A lease that an earlier attempt has not given back yet is renewed by this one.
void begin(self_pointer self, market which, boot_time wanted_since, bool may_fetch) {
  auto& one = of(self, which);
  auto& attempt = one.attempt;
  if (attempt.stage != attempt_stage::none) {
    if (may_fetch && !attempt.may_fetch)
      attempt.began = now_of(self);
    attempt.wanted_since = std::max(attempt.wanted_since, wanted_since);
    attempt.may_fetch = attempt.may_fetch || may_fetch;
    return;
  }
  ++attempt.number;
  attempt.token = 0;
  attempt.asked_for_more = false;
  attempt.began = now_of(self);
  attempt.wanted_since = wanted_since;
  attempt.may_fetch = may_fetch;
  look_for_last_good(self, which);
  // While nobody may ask the exchange the supervisor says so at once, and a lease would only keep others from trying.
  if (may_fetch && now_of(self) < std::max(one.forbidden_until, one.store_silent_until))
    ask_exchange(self, which);
  else
    take_lease(self, which);
}

} // namespace

refresh_outcome outcome_of(self_pointer self, market which, bool fetched) {
  const auto board = board_of(self, which);
  refresh_outcome outcome;
  outcome.which = which;
  outcome.version = board->version;
  outcome.fetched = fetched;
  outcome.fetched_boot = board->fetched_boot;
  if (board->table)
    outcome.next_change = next_change(*board->table, board->fetched_at.value_or(self->state.clock->wall_now()));
  return outcome;
}

void answer_refreshers(self_pointer self, refresh_outcome outcome) {
  for (auto& promise : std::exchange(of(self, outcome.which).refreshers, {}))
    promise.deliver(outcome);
  settle_rejection(self, outcome.which);
}

void want_table(self_pointer self, market which, nanoseconds at_age) {
  const auto wanted_since = now_of(self) - at_age;
  if (attempt_of(self, which).stage == attempt_stage::none && satisfied(self, which, wanted_since))
    answer_refreshers(self, outcome_of(self, which, false));
  else
    begin(self, which, wanted_since, true);
}

void bring_into_store(self_pointer self, market which) {
  if (now_of(self) >= of(self, which).late_until)
    begin(self, which, boot_time::min(), false);
}

void table_came(self_pointer self, market which) {
  if (attempt_of(self, which).stage == attempt_stage::waiting && satisfied(self, which, attempt_of(self, which).wanted_since))
    end_without_fetch(self, which);
  else
    answer_from_board(self, which, true);
}

void accept(self_pointer self, market which, symbols_answer& answer) {
  auto& one = of(self, which);
  const auto& state = self->state;
  const bool leased = holds_lease(self, which);
  const bool lapsed = !leased && one.attempt.token != 0;
  const auto began = one.attempt.fetch_began;
  const bool fetching = one.attempt.stage == attempt_stage::fetching;
  if (fetching)
    end_attempt(self, which);
  answer.order = leased && fetching ? next_order(self, which) : table_order{};
  auto fetched = answer.fetched_boot.value_or(now_of(self));
  // We may have been frozen with the answer in hand: it is as old as its question.
  if (lapsed && began < fetched) {
    answer.fetched_at = answer.fetched_at.value_or(state.clock->wall_now())
                        - std::chrono::floor<std::chrono::microseconds>(fetched - began);
    fetched = began;
  }
  answer.fetched_boot = fetched;
  const auto before = board_of(self, which);
  if (fetching && before->fresh(now_of(self)) && !is_newer(answer.stamp(), before->stamp())) {
    give_back_lease(self, which);
  } else {
    one.table_began = fetching ? std::min(began, fetched) : fetched;
    answer.table = publish(self, which, answer, fetched + settings_of(self, which).ttl)->table;
    if (answer.order.known())
      write_under_lease(self, which);
    else if (lapsed)
      let_others_write_first(self, which);
    else
      bring_into_store(self, which);
    self->send(state.last_good, table_accepted{which, answer});
  }
  answer_from_board(self, which);
  answer_refreshers(self, outcome_of(self, which, true));
}

void look_again(self_pointer self, market which, std::uint64_t attempt) {
  if (attempt_of(self, which).number == attempt && attempt_of(self, which).stage == attempt_stage::waiting)
    take_lease(self, which);
}

} // namespace holdfast::cache_parts

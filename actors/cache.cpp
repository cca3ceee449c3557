#include "actors/cache.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/cache_parts.hpp"

namespace holdfast {

namespace {

using namespace cache_parts;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using reply_promise = caf::typed_response_promise<symbols_reply>;

constexpr std::size_t waiting_max = 100'000;
constexpr auto patience_with_older_table = 1s;
constexpr auto alarm_resolution = 1ms;
constexpr auto fallback_patience = 2s;

void count(self_pointer self, market which, bool hit, std::uint64_t amount) {
  auto& status = of(self, which).status;
  (hit ? status.hits : status.misses) += amount;
  const auto& settings = settings_of(self, which);
  (hit ? settings.hits : settings.misses).incr(amount);
}

void deliver(reply_promise& promise, const symbols_reply& reply, std::optional<nanoseconds> max_stale) {
  if (!reply.table)
    promise.deliver(make_error(fault::no_data));
  else if (reply.stale && max_stale && (!reply.age || *reply.age > *max_stale))
    promise.deliver(make_error(fault::too_stale));
  else
    promise.deliver(reply);
}

// For the caller whose patience ends first.
void set_alarm(self_pointer self, market which, boot_time at) {
  if (!of(self, which).timers.wants(at))
    return;
  const auto wait = std::max<nanoseconds>(at - now_of(self), alarm_resolution);
  self->delayed_send(self, wait, wake_for(timer::patience, which, running_timers::number_of(at)));
}

void set_first_alarm(self_pointer self, market which) {
  const auto& callers = of(self, which).callers;
  const auto sooner = [](const auto& a, const auto& b) { return a.until < b.until; };
  const auto first = std::min_element(callers.begin(), callers.end(), sooner);
  if (first != callers.end())
    set_alarm(self, which, first->until);
}

// The caller waits for what is under way, but not for ever.
void enqueue(self_pointer self, const get_symbols& question, reply_promise promise) {
  const auto which = question.which;
  auto& one = of(self, which);
  const bool older_table = self->state.board->current(which)->table != nullptr;
  nanoseconds patience = older_table ? nanoseconds{patience_with_older_table} : self->state.settings.fetch_timeout + 1s;
  if (question.deadline)
    patience = std::clamp<nanoseconds>(*question.deadline - now_of(self), 0ns, patience);
  const bool is_miss = one.attempt.stage == attempt_stage::fetching && !one.asking_store;
  if (is_miss)
    count(self, which, false, 1);
  const auto now = now_of(self);
  const auto until = now + patience;
  one.callers.push_back({std::move(promise), now, until, question.max_stale, is_miss});
  set_alarm(self, which, until);
  const bool under_way = one.attempt.stage != attempt_stage::none && one.attempt.may_fetch;
  if (!under_way && !one.asking_store)
    ask_store(self, which);
}

// Those who waited long enough get last good's, through the supervisor, with one question for all of them.
void answer_late(self_pointer self, market which, std::vector<waiting_caller> late) {
  auto tell = [late](const symbols_reply& reply) mutable {
    for (auto& caller : late)
      deliver(caller.promise, reply, caller.max_stale);
  };
  self->request(self->state.supervisor, fallback_patience, fallback_wanted{which})
    .then(
      [self, which, tell](fetch_result& result) mutable {
        const published_symbols worth{result.answer.table, symbols_source::last_good, result.answer.fetched_at,
                                      result.answer.fetched_boot, {}, {}, board_of(self, which)->version, {}};
        tell(reply_from(worth, now_of(self)));
      },
      [tell](const caf::error&) mutable { tell({}); });
}

void patience_ended(self_pointer self, market which, std::uint64_t alarm) {
  auto& one = of(self, which);
  one.timers.rang(alarm);
  const auto now = now_of(self);
  const auto late = std::stable_partition(one.callers.begin(), one.callers.end(),
                                          [now](const auto& caller) { return caller.until > now; });
  std::vector<waiting_caller> leaving{std::make_move_iterator(late), std::make_move_iterator(one.callers.end())};
  one.callers.erase(late, one.callers.end());
  for (const auto& caller : leaving)
    count(self, which, false, caller.counted ? 0 : 1);
  set_first_alarm(self, which);
  if (!leaving.empty())
    answer_late(self, which, std::move(leaving));
}

reply_promise answer(self_pointer self, const get_symbols& question) {
  auto promise = self->make_response_promise<symbols_reply>();
  const auto published = self->state.board->current(question.which);
  if (published->table && published->fresh(now_of(self))) {
    count(self, question.which, true, 1);
    promise.deliver(reply_from(*published, now_of(self)));
    note_read(self, question.which);
  } else if (of(self, question.which).callers.size() >= waiting_max) {
    count(self, question.which, false, 1);
    promise.deliver(make_error(fault::overloaded));
  } else {
    enqueue(self, question, promise);
  }
  return promise;
}

// Two configurations on one store take turns: that ours is there now says nothing before the other one's would be there again.
bool is_foreign(const cache_state& state, market which) {
  const auto& one = state.markets[index(which)];
  return one.foreign_seen
         && (!one.ours_again || state.clock->boot_now() < *one.foreign_seen + 2 * state.settings.markets[index(which)].ttl);
}

cache_status status_of(const cache_state& state) {
  cache_status status;
  for (const auto which : all_markets) {
    const auto& one = state.markets[index(which)];
    auto& told = status.markets[index(which)];
    told = one.status;
    told.store_is_foreign = is_foreign(state, which);
    told.waiting = one.callers.size();
    told.refreshing = one.attempt.stage != attempt_stage::none;
  }
  return status;
}

void wake_up(self_pointer self, const wake& due) {
  const auto which = static_cast<market>(due.what % market_count);
  switch (static_cast<timer>(due.what / market_count)) {
    case timer::patience: return patience_ended(self, which, due.number);
    case timer::other_fetch: return look_again(self, which, due.number);
    case timer::lease_renewal: return renew_lease(self, which, due.number);
    case timer::rejection: return refresh_for_rejection(self, which);
    case timer::late_table: return bring_late_table(self, which);
    case timer::look: return look_at_fences(self);
    case timer::refused_list: return write_again(self, which);
  }
}

} // namespace

namespace cache_parts {

void count_waiting(self_pointer self, market which, bool hit) {
  std::uint64_t amount = 0;
  for (auto& caller : of(self, which).callers)
    amount += std::exchange(caller.counted, true) ? 0 : 1;
  count(self, which, hit, amount);
}

void look_for_last_good(self_pointer self, market which) {
  if (board_of(self, which)->table)
    return;
  self->request(self->state.supervisor, fallback_patience, fallback_wanted{which})
    .then(
      [self, which](fetch_result& result) {
        if (!result.answer.table || board_of(self, which)->table)
          return;
        result.answer.source = symbols_source::last_good;
        publish(self, which, result.answer, boot_time{});
        for (auto& caller : of(self, which).callers)
          caller.until = std::min<boot_time>(caller.until, caller.came + patience_with_older_table);
        set_first_alarm(self, which);
      },
      [](const caf::error&) {});
}

void answer_from_board(self_pointer self, market which, bool hit) {
  count_waiting(self, which, hit);
  auto reply = reply_from(*board_of(self, which), now_of(self));
  if (reply.stale)
    reply.source = symbols_source::last_good;
  for (auto& caller : std::exchange(of(self, which).callers, {}))
    deliver(caller.promise, reply, caller.max_stale);
}

} // namespace cache_parts

cache_actor::behavior_type cache(self_pointer self, cache_settings settings, clock_ptr clock, symbol_board_ptr board,
                                 store_actor store, supervisor_actor supervisor, last_good_actor last_good) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.board = std::move(board);
  state.random.seed(state.settings.seed);
  state.store = std::move(store);
  state.supervisor = std::move(supervisor);
  state.last_good = std::move(last_good);
  for (const auto which : all_markets) {
    const auto field = " market=" + std::string{to_string(which)};
    state.markets[index(which)].reading = repeated_failure{"reading the plain list of the store", field};
    state.markets[index(which)].following_others = repeated_failure{"following the table of another process", field};
    state.markets[index(which)].writing = repeated_failure{"writing lists into the store", field};
  }
  if (state.settings.look_interval > 0ns)
    self->delayed_send(self, state.settings.look_interval, wake_for(timer::look, market::spot));
  self->set_down_handler([self](const caf::down_msg& gone) {
    std::erase_if(self->state.subscribers, [&](const auto& one) { return one.address() == gone.source; });
  });
  return {
    [self](const get_symbols& question) { return answer(self, question); },
    [self](const refresh_symbols& wanted) {
      auto promise = self->make_response_promise<refresh_outcome>();
      of(self, wanted.which).refreshers.push_back(promise);
      want_table(self, wanted.which, wanted.at_age);
      return promise;
    },
    [self](accept_symbols& wanted) {
      wanted.answer.judged_since = wall_time{}; // by an operator, for everybody
      accept(self, wanted.which, wanted.answer);
      return outcome_of(self, wanted.which, true);
    },
    [self](const rejection_reported& report) { report_rejection(self, report); },
    [self](const symbols_listen& wish) { subscribe(self, wish.listener); },
    [self](const store_event& event) { store_changed(self, event); },
    [self](const symbols_announced& news) {
      if (news.order > board_of(self, news.which)->order)
        follow(self, news.which);
    },
    [self](const get_cache_status&) { return status_of(self->state); },
    [self](const wake& due) { wake_up(self, due); },
  };
}

} // namespace holdfast

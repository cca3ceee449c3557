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

void count(self_pointer self, market which, bool hit, std::uint64_t amount) {
  auto& status = of(self, which).status;
  (hit ? status.hits : status.misses) += amount;
  const auto& settings = settings_of(self, which);
  (hit ? settings.hits : settings.misses).incr(amount);
}

void deliver(reply_promise& promise, const symbols_reply& reply) {
  if (reply.table)
    promise.deliver(reply);
  else
    promise.deliver(make_error(fault::no_data));
}

void answer_refreshers(self_pointer self, const refresh_outcome& outcome) {
  for (auto& promise : std::exchange(of(self, outcome.which).refreshers, {}))
    promise.deliver(outcome);
}

// By the time of the fetch, but above every order seen: a wall clock that stepped back must not fence us.
table_order next_order(self_pointer self, market which, const symbols_answer& answer) {
  const auto fetched = answer.fetched_at.value_or(self->state.clock->wall_now());
  auto& seen = of(self, which).order_seen;
  seen = std::max(static_cast<std::uint64_t>(fetched.time_since_epoch().count()), seen + 1);
  return {seen, 0};
}

void accept(self_pointer self, market which, symbols_answer& answer) {
  const auto fetched = answer.fetched_boot.value_or(now_of(self));
  answer.order = next_order(self, which, answer);
  const auto published = publish(self, which, answer, fetched + settings_of(self, which).ttl);
  answer.table = published->table;
  write_to_store(self, which);
  self->send(self->state.last_good, table_accepted{which, answer});
  answer_from_board(self, which);
  answer_refreshers(self, {which, fault::none, {}, {}, published->version});
}

void fetch_ended(self_pointer self, fetch_result& result) {
  const auto which = result.which;
  of(self, which).fetching = false;
  if (result.failure == fault::none && result.answer.table)
    return accept(self, which, result.answer);
  // Last good's table is worth hanging up where nothing hangs; it is stale by nature.
  if (result.answer.table && !self->state.board->current(which)->table) {
    result.answer.source = symbols_source::last_good;
    publish(self, which, result.answer, boot_time{});
  }
  // Where the store is still being asked, it may know better.
  if (!of(self, which).asking_store)
    answer_from_board(self, which);
  const auto version = self->state.board->current(which)->version;
  answer_refreshers(self, {which, result.failure, result.detail, result.forbidden_until, version});
}

void start_fetch(self_pointer self, market which) {
  auto& one = of(self, which);
  if (std::exchange(one.fetching, true))
    return;
  const auto& state = self->state;
  self->request(state.supervisor, state.settings.fetch_timeout + 3s, fetch_wanted{which, state.board->current(which)->table})
    .then([self](fetch_result& result) { fetch_ended(self, result); },
          [self, which](const caf::error& why) {
            fetch_result result{which, {}, fault_of(why), self->system().render(why), {}};
            fetch_ended(self, result);
          });
}

// One timer per market, for the caller whose patience ends first.
void set_alarm(self_pointer self, market which, boot_time at) {
  auto& alarm = of(self, which).alarm;
  if (alarm && *alarm <= at)
    return;
  alarm = at;
  const auto wait = std::max<nanoseconds>(at - now_of(self), alarm_resolution);
  self->delayed_send(self, wait, wake{static_cast<std::uint32_t>(which), 0});
}

// The caller waits for what is under way, but not for ever.
void enqueue(self_pointer self, const get_symbols& question, reply_promise promise) {
  const auto which = question.which;
  auto& one = of(self, which);
  const bool older_table = self->state.board->current(which)->table != nullptr;
  nanoseconds patience = older_table ? nanoseconds{patience_with_older_table} : self->state.settings.fetch_timeout + 1s;
  if (question.deadline)
    patience = std::clamp<nanoseconds>(*question.deadline - now_of(self), 0ns, patience);
  const bool is_miss = one.fetching && !one.asking_store;
  if (is_miss)
    count(self, which, false, 1);
  const auto until = now_of(self) + patience;
  one.callers.push_back({std::move(promise), until, is_miss});
  set_alarm(self, which, until);
  if (!one.fetching && !one.asking_store)
    ask_store(self, which);
}

// Those who waited long enough get last good's, through the supervisor, with one question for all of them.
void answer_late(self_pointer self, market which, std::vector<reply_promise> late) {
  auto tell = [late](const symbols_reply& reply) mutable {
    for (auto& promise : late)
      deliver(promise, reply);
  };
  self->request(self->state.supervisor, 2s, fallback_wanted{which})
    .then(
      [self, which, tell](fetch_result& result) mutable {
        const auto& board = *self->state.board->current(which);
        const published_symbols worth{result.answer.table, symbols_source::last_good, result.answer.fetched_at,
                                      result.answer.fetched_boot, {}, {}, board.version};
        tell(reply_from(worth, now_of(self)));
      },
      [tell](const caf::error&) mutable { tell({}); });
}

void patience_ended(self_pointer self, market which) {
  auto& one = of(self, which);
  one.alarm.reset();
  const auto now = now_of(self);
  const auto late = std::stable_partition(one.callers.begin(), one.callers.end(),
                                          [now](const auto& caller) { return caller.until > now; });
  std::vector<reply_promise> promises;
  for (auto caller = late; caller != one.callers.end(); ++caller) {
    if (!caller->counted)
      count(self, which, false, 1);
    promises.push_back(std::move(caller->promise));
  }
  one.callers.erase(late, one.callers.end());
  if (!one.callers.empty())
    set_alarm(self, which,
              std::min_element(one.callers.begin(), one.callers.end(), [](const auto& a, const auto& b) {
                return a.until < b.until;
              })->until);
  if (!promises.empty())
    answer_late(self, which, std::move(promises));
}

reply_promise answer(self_pointer self, const get_symbols& question) {
  auto promise = self->make_response_promise<symbols_reply>();
  const auto published = self->state.board->current(question.which);
  if (published->table && published->fresh(now_of(self))) {
    count(self, question.which, true, 1);
    promise.deliver(reply_from(*published, now_of(self)));
  } else if (of(self, question.which).callers.size() >= waiting_max) {
    count(self, question.which, false, 1);
    promise.deliver(make_error(fault::overloaded));
  } else {
    enqueue(self, question, promise);
  }
  return promise;
}

cache_status status_of(const cache_state& state) {
  cache_status status;
  for (const auto which : all_markets) {
    const auto& one = state.markets[index(which)];
    auto& told = status.markets[index(which)];
    told = one.status;
    told.waiting = one.callers.size();
    told.refreshing = one.fetching;
  }
  return status;
}

// A store that was away or emptied may have lost our keys.
void store_changed(self_pointer self, const store_event& event) {
  if (event.change != store_change::link_down)
    for (const auto which : all_markets)
      write_to_store(self, which);
}

} // namespace

namespace cache_parts {

published_ptr publish(self_pointer self, market which, const symbols_answer& answer, boot_time fresh_until) {
  auto& board = *self->state.board;
  const auto before = board.current(which);
  const bool same = before->table && before->table->content_hash() == answer.table->content_hash();
  board.publish(which, {same ? before->table : answer.table, answer.source, answer.fetched_at, answer.fetched_boot,
                        fresh_until, answer.order, before->version + (same ? 0 : 1)});
  return board.current(which);
}

void count_waiting(self_pointer self, market which, bool hit) {
  std::uint64_t amount = 0;
  for (auto& caller : of(self, which).callers)
    amount += std::exchange(caller.counted, true) ? 0 : 1;
  count(self, which, hit, amount);
}

void answer_from_board(self_pointer self, market which) {
  count_waiting(self, which, false);
  auto reply = reply_from(*self->state.board->current(which), now_of(self));
  if (reply.stale)
    reply.source = symbols_source::last_good;
  for (auto& caller : std::exchange(of(self, which).callers, {}))
    deliver(caller.promise, reply);
}

void store_had_nothing(self_pointer self, market which) {
  of(self, which).asking_store = false;
  count_waiting(self, which, false);
  if (self->state.board->current(which)->fresh(now_of(self)))
    return answer_from_board(self, which);
  start_fetch(self, which);
}

} // namespace cache_parts

cache_actor::behavior_type cache(self_pointer self, cache_settings settings, clock_ptr clock, symbol_board_ptr board,
                                 store_actor store, supervisor_actor supervisor, last_good_actor last_good) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.board = std::move(board);
  state.store = std::move(store);
  state.supervisor = std::move(supervisor);
  state.last_good = std::move(last_good);
  return {
    [self](const get_symbols& question) { return answer(self, question); },
    [self](const refresh_symbols& wanted) {
      auto promise = self->make_response_promise<refresh_outcome>();
      of(self, wanted.which).refreshers.push_back(promise);
      start_fetch(self, wanted.which);
      return promise;
    },
    [self](accept_symbols& wanted) {
      accept(self, wanted.which, wanted.answer);
      return refresh_outcome{wanted.which, fault::none, {}, {}, self->state.board->current(wanted.which)->version};
    },
    [self](const store_event& event) { store_changed(self, event); },
    [self](const symbols_announced& news) {
      if (news.order > self->state.board->current(news.which)->order)
        follow(self, news.which);
    },
    [self](const get_cache_status&) { return status_of(self->state); },
    [self](const wake& alarm) { patience_ended(self, static_cast<market>(alarm.what)); },
  };
}

} // namespace holdfast

#include "actors/cache.hpp"

#include <algorithm>
#include <utility>

#include <caf/typed_event_based_actor.hpp>

#include "config/keys.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = cache_actor::stateful_pointer<cache_state>;
using std::chrono::nanoseconds;

constexpr std::size_t waiting_max = 100'000;
constexpr auto patience_with_older_table = 1s;
constexpr auto store_patience = 500ms;
constexpr auto write_patience = 10s;

cached_market& of(self_pointer self, market which) { return self->state.markets[index(which)]; }
const market_cache_settings& settings_of(self_pointer self, market which) {
  return self->state.settings.markets[index(which)];
}
boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

void count(self_pointer self, market which, bool hit, std::uint64_t amount) {
  auto& status = of(self, which).status;
  (hit ? status.hits : status.misses) += amount;
  const auto& settings = settings_of(self, which);
  (hit ? settings.hits : settings.misses).incr(amount);
}

void answer_callers(self_pointer self, market which, const symbols_reply& reply) {
  for (auto& caller : std::exchange(of(self, which).callers, {}))
    if (reply.table)
      caller.promise.deliver(reply);
    else
      caller.promise.deliver(make_error(fault::no_data));
}

void answer_refreshers(self_pointer self, const refresh_outcome& outcome) {
  for (auto& promise : std::exchange(of(self, outcome.which).refreshers, {}))
    promise.deliver(outcome);
}

// Hangs the table on the board; its version grows only where its content differs from what hangs there.
published_ptr publish(self_pointer self, market which, const symbols_answer& answer, boot_time fresh_until) {
  auto& board = *self->state.board;
  const auto before = board.current(which);
  const bool same = before->table && before->table->content_hash() == answer.table->content_hash();
  board.publish(which, {same ? before->table : answer.table, answer.source, answer.fetched_at, answer.fetched_boot,
                        fresh_until, answer.order, before->version + (same ? 0 : 1)});
  return board.current(which);
}

void write_to_store(self_pointer self, market which) {
  const auto& state = self->state;
  const auto published = state.board->current(which);
  const auto now = now_of(self);
  if (!published->table || !published->fresh(now) || !published->fetched_at)
    return;
  store_symbols symbols;
  symbols.which = which;
  symbols.order = published->order;
  symbols.full_value = encode_symbols(
    {published->table, published->source, published->fetched_at, published->order, state.settings.fingerprint});
  symbols.list_value = published->table->list_json();
  symbols.refreshed_at_seconds
    = std::chrono::floor<std::chrono::seconds>(*published->fetched_at).time_since_epoch().count();
  symbols.ttl = std::chrono::ceil<std::chrono::milliseconds>(published->fresh_until - now);
  symbols.deadline = now + write_patience;
  self->request(state.store, write_patience, std::move(symbols))
    .then([](done) {},
          [self, which](const caf::error& why) {
            logger()->debug("symbols not written to the store market={} reason={}", to_string(which),
                            self->system().render(why));
          });
}

void accept(self_pointer self, market which, symbols_answer& answer) {
  const auto fetched = answer.fetched_boot.value_or(now_of(self));
  answer.order = {static_cast<std::uint64_t>(answer.fetched_at.value_or(wall_time{}).time_since_epoch().count()), 0};
  const auto published = publish(self, which, answer, fetched + settings_of(self, which).ttl);
  answer.table = published->table;
  write_to_store(self, which);
  self->send(self->state.last_good, table_accepted{which, answer});
  answer_callers(self, which, reply_from(*published, now_of(self)));
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
  auto reply = reply_from(*self->state.board->current(which), now_of(self));
  if (reply.stale)
    reply.source = symbols_source::last_good;
  answer_callers(self, which, reply);
  answer_refreshers(self, {which, result.failure, result.detail, result.forbidden_until, reply.version});
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

void store_had_nothing(self_pointer self, market which) {
  auto& one = of(self, which);
  one.asking_store = false;
  count(self, which, false, one.callers.size());
  start_fetch(self, which);
}

void store_had_fresh(self_pointer self, market which, const symbols_answer& answer, boot_time fresh_until) {
  auto& one = of(self, which);
  one.asking_store = false;
  const auto published = publish(self, which, answer, fresh_until);
  count(self, which, true, one.callers.size());
  answer_callers(self, which, reply_from(*published, now_of(self)));
  self->send(self->state.last_good, table_accepted{which, answer});
}

// A bare array, ours or another program's: as old as its TTL is short, and believed only if it is plausible.
void read_plain_value(self_pointer self, market which, const store_value& found) {
  const auto& settings = settings_of(self, which);
  if (!found.value || !found.ttl_left || *found.ttl_left <= 0ms || *found.ttl_left > settings.ttl)
    return store_had_nothing(self, which);
  auto table = read_symbol_list(*found.value, settings.rules);
  std::string reason;
  if (!table) {
    reason = table.error();
  } else {
    const auto baseline = self->state.board->current(which)->table;
    reason = judge_table(which, **table, baseline.get(), self->state.settings.gate).detail;
  }
  if (!reason.empty()) {
    logger()->warn("value in the store not believed key={} reason=\"{}\"", keys::symbols_cache(which), reason);
    return store_had_nothing(self, which);
  }
  const auto age = settings.ttl - *found.ttl_left;
  const auto& clock = *self->state.clock;
  store_had_fresh(self, which,
                  {*table, symbols_source::cache, clock.wall_now() - std::chrono::floor<std::chrono::microseconds>(age),
                   clock.boot_now() - age, {}},
                  clock.boot_now() + *found.ttl_left);
}

void ask_plain_value(self_pointer self, market which) {
  self->request(self->state.store, store_patience,
                store_read{std::string{keys::symbols_cache(which)}, now_of(self) + store_patience})
    .then([self, which](const store_value& found) { read_plain_value(self, which, found); },
          [self, which](const caf::error&) { store_had_nothing(self, which); });
}

// The full value of a process with our configuration, if it is within the TTL.
void read_full_value(self_pointer self, market which, const store_value& found) {
  if (!found.value)
    return ask_plain_value(self, which);
  const auto& settings = settings_of(self, which);
  const auto decoded = decode_symbols(*found.value, settings.rules);
  if (!decoded || decoded->fingerprint != self->state.settings.fingerprint || !decoded->fetched_at)
    return ask_plain_value(self, which);
  const auto& clock = *self->state.clock;
  const nanoseconds age = clock.wall_now() - *decoded->fetched_at;
  if (age < 0ns || age >= settings.ttl)
    return store_had_nothing(self, which);
  const auto fetched = clock.boot_now() - age;
  store_had_fresh(self, which, {decoded->table, symbols_source::cache, decoded->fetched_at, fetched, decoded->order},
                  fetched + settings.ttl);
}

void ask_store(self_pointer self, market which) {
  of(self, which).asking_store = true;
  self->request(self->state.store, store_patience,
                store_read{std::string{keys::symbols_full(which)}, now_of(self) + store_patience})
    .then([self, which](const store_value& found) { read_full_value(self, which, found); },
          [self, which](const caf::error&) { store_had_nothing(self, which); });
}

// The caller waits for what is under way, but not for ever.
void enqueue(self_pointer self, const get_symbols& question, caf::typed_response_promise<symbols_reply> promise) {
  const auto which = question.which;
  auto& one = of(self, which);
  const auto number = ++self->state.last_number;
  const bool older_table = self->state.board->current(which)->table != nullptr;
  nanoseconds patience = older_table ? nanoseconds{patience_with_older_table} : self->state.settings.fetch_timeout + 1s;
  if (question.deadline)
    patience = std::clamp<nanoseconds>(*question.deadline - now_of(self), 0ns, patience);
  self->delayed_send(self, patience, wake{static_cast<std::uint32_t>(which), number});
  one.callers.push_back({std::move(promise), number});
  if (one.fetching)
    count(self, which, false, 1);
  else if (!one.asking_store)
    ask_store(self, which);
}

void ran_out_of_patience(self_pointer self, market which, std::uint64_t number) {
  auto& one = of(self, which);
  const auto late = std::find_if(one.callers.begin(), one.callers.end(),
                                 [&](const auto& caller) { return caller.number == number; });
  if (late == one.callers.end())
    return;
  auto promise = late->promise;
  one.callers.erase(late);
  if (one.asking_store)
    count(self, which, false, 1);
  self->request(self->state.supervisor, 1s, fallback_wanted{which})
    .then(
      [self, promise](fetch_result& result) mutable {
        if (!result.answer.table) {
          promise.deliver(make_error(fault::no_data));
          return;
        }
        const published_symbols worth{result.answer.table, symbols_source::last_good, result.answer.fetched_at,
                                      result.answer.fetched_boot, {}, {}, 0};
        promise.deliver(reply_from(worth, now_of(self)));
      },
      [promise](const caf::error&) mutable { promise.deliver(make_error(fault::no_data)); });
}

caf::typed_response_promise<symbols_reply> answer(self_pointer self, const get_symbols& question) {
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

} // namespace

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
    [self](const store_event& event) {
      // A store that was away or emptied may have lost our keys.
      if (event.change != store_change::link_down)
        for (const auto which : all_markets)
          write_to_store(self, which);
    },
    [](const symbols_announced&) {},
    [self](const get_cache_status&) { return status_of(self->state); },
    [self](const wake& late) { ran_out_of_patience(self, static_cast<market>(late.what), late.number); },
  };
}

} // namespace holdfast

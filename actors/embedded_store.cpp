#include "actors/embedded_store.hpp"

#include <utility>

#include <caf/typed_event_based_actor.hpp>

#include "actors/embedded_link.hpp"
#include "actors/embedded_symbols.hpp"
#include "config/keys.hpp"
#include "runtime/sqlite_distinct.hpp"

namespace holdfast {

namespace {

using namespace embedded_parts;
using self_pointer = store_actor::stateful_pointer<embedded_store_state>;

constexpr std::chrono::milliseconds look_interval{150};
constexpr std::chrono::milliseconds opening_patience{2000};

std::optional<std::int64_t> expiry(const embedded_store_state& state, std::optional<std::chrono::milliseconds> ttl) {
  return ttl ? std::optional{expiry_of(now_ms(state), *ttl)} : std::nullopt;
}

// Runs `work` in a transaction; it answers whether to commit.
template <class Work>
bool in_transaction(embedded_store_state& state, Work work) {
  ++state.status.commands;
  const watched_access watch{state};
  sqlite_kv::transaction transaction{*state.database};
  return take_outcome(state, &store_status::takes_writes,
                      transaction.begun() && work(*state.database) && transaction.commit());
}

caf::error failure_of(const embedded_store_state& state) {
  return make_error(state.database->refused() ? fault::store_refused : fault::store_away, state.database->last_error());
}

caf::result<done> confirm(bool good, const embedded_store_state& state) {
  return good ? caf::result<done>{done{}} : caf::result<done>{failure_of(state)};
}

void announce(self_pointer self, market which, const table_order& order) {
  auto& last = self->state.announced[index(which)];
  if (order <= last)
    return;
  last = order;
  for (const auto& listener : self->state.listeners)
    self->send(listener, symbols_announced{which, order});
}

void look_again(self_pointer self) { self->delayed_send(self, look_interval, wake{}); }

void begin_to_look(self_pointer self) {
  if (!std::exchange(self->state.looking, true))
    look_again(self);
}

// What other processes have written meanwhile; and whether the database can be had.
void look_around(self_pointer self) {
  auto& state = self->state;
  if (has_ended(state))
    return;
  look_again(self);
  if (!state.database)
    return try_to_open(state);
  if (const auto version = state.database->data_version(); version != std::exchange(state.seen_version, version))
    for (const auto which : all_markets)
      if (const auto stored = state.database->get(keys::fence(keys::symbols_full(which)), now_ms(state)))
        announce(self, which, parse_table_order(stored->text));
}

void listen(self_pointer self, const store_listener& listener) {
  add_listener(self->state, listener);
  if (self->state.settings.path != ":memory:")
    begin_to_look(self);
}

bool write(embedded_store_state& state, sqlite_kv& database, const store_write& what) {
  return database.set(what.key, what.value, expiry(state, what.ttl))
         && (!what.ttl || database.forget_expired(now_ms(state), forgotten_per_write));
}

// The fence is judged and raised in the transaction of what it guards: another process may be writing too.
caf::result<done> write_symbols(self_pointer self, const store_symbols& symbols) {
  auto& state = self->state;
  bool fenced = false;
  const bool good = in_transaction(state, [&](sqlite_kv& database) {
    const auto now = now_ms(state);
    fenced = is_fenced(database, symbols, now);
    return fenced || put_symbols(database, symbols, now);
  });
  if (good && fenced)
    return make_error(fault::fenced);
  if (good)
    announce(self, symbols.which, symbols.order);
  return confirm(good, state);
}

caf::result<store_merge_reply> merge(embedded_store_state& state, const store_merge& batch) {
  store_merge_reply reply;
  const bool good = in_transaction(state, [&](sqlite_kv& database) {
    for (const auto& row : batch.rows) {
      auto verdict = database.merge(row, now_ms(state));
      if (!verdict)
        return false;
      reply.verdicts.push_back(std::move(*verdict));
    }
    reply.epoch = state.status.identity.epoch;
    return true;
  });
  if (!good)
    return failure_of(state);
  return reply;
}

// Fields of writers that were retired a month ago go, by age alone: a copy of a ledger may come back for 25 days.
void forget_retired(embedded_store_state& state) {
  const auto now = state.clock->boot_now();
  if (state.forgot_at != boot_time{} && now - state.forgot_at < std::chrono::hours{24})
    return;
  state.forgot_at = now;
  constexpr std::int64_t remembered_for_seconds = 30 * 24 * 3600;
  in_transaction(state, [&](sqlite_kv& database) {
    return database.forget_retired(now_ms(state) / 1000 - remembered_for_seconds);
  });
}

caf::result<lease_reply> lease(embedded_store_state& state, const lease_wanted& wanted) {
  std::optional<sqlite_kv::lease> taken;
  const bool good = in_transaction(state, [&](sqlite_kv& database) {
    taken = database.take_lease(wanted.name, wanted.holder, wanted.ttl.count(), wanted.above, now_ms(state));
    return taken.has_value();
  });
  if (!good)
    return failure_of(state);
  return lease_reply{taken->granted, taken->token, std::chrono::milliseconds{taken->left_ms}};
}

// By the wall clock, which all processes on the folder have in common: a state takes the latest time that it has seen for
// the present one, so that clocks a little apart would push it on. (Its steps are guarded against; see rate-limits.md.)
caf::result<store_rate_limits_reply> decide_rate_limits(embedded_store_state& state, const store_rate_limits& wanted) {
  store_rate_limits_reply reply;
  const bool good = in_transaction(state, [&](sqlite_kv& database) {
    const auto now_us = state.clock->wall_now().time_since_epoch().count();
    for (const auto& question : wanted.questions) {
      auto verdicts = database.decide_rate_limit(question.key, question.request, now_us, now_ms(state));
      if (!verdicts)
        return false;
      reply.answers.push_back({fault::none, std::move(*verdicts)});
    }
    if (!wanted.process.empty())
      reply.processes = database.note_process(keys::processes, wanted.process, now_ms(state));
    return database.forget_expired(now_ms(state), forgotten_per_write);
  });
  if (!good)
    return failure_of(state);
  return reply;
}

// Answers what `look` finds; a database that failed meanwhile has found nothing, whatever it looks like.
template <class Answer, class Look>
caf::result<Answer> read(embedded_store_state& state, Look look) {
  ++state.status.commands;
  const watched_access watch{state};
  const auto failures_before = state.database->failures();
  Answer answer = look(*state.database);
  if (take_outcome(state, &store_status::up, state.database->failures() == failures_before))
    return answer;
  return make_error(fault::store_away, state.status.last_error);
}

store_value read_value(embedded_store_state& state, sqlite_kv& database, const store_read& question) {
  store_value found;
  if (auto stored = database.get(question.key, now_ms(state))) {
    found.value = question.ttl_only ? std::string{} : std::move(stored->text);
    if (stored->expires_ms)
      found.ttl_left = std::chrono::milliseconds{*stored->expires_ms - now_ms(state)};
  }
  return found;
}

store_counters_found read_counters_of(embedded_store_state& state, sqlite_kv& database, const store_read_counters& reads) {
  store_counters_found found;
  for (const auto& one : reads.reads)
    found.found.push_back(database.read_counter(one, now_ms(state)));
  return found;
}

caf::result<done> add_elements(embedded_store_state& state, const store_add_distinct& what) {
  auto outcome = distinct_outcome::failed;
  const bool good = in_transaction(state, [&](sqlite_kv& database) {
    outcome = add_distinct(database, what.key, what.elements, now_ms(state));
    return outcome != distinct_outcome::failed;
  });
  if (good && outcome == distinct_outcome::other_value)
    return make_error(fault::store_refused, what.key + " holds something else");
  return confirm(good, state);
}

store_distinct_found count_elements(embedded_store_state& state, sqlite_kv& database, const store_count_distinct& what) {
  store_distinct_found found;
  for (const auto& key : what.keys)
    found.counts.push_back(count_distinct(database, key, now_ms(state)));
  return found;
}

// Whoever asked has gone, the engine goes, or there is no database: the work is not done.
template <class Answer, class Question, class Handle>
auto in_time(self_pointer self, Handle handle) {
  return [self, handle](const Question& question) -> caf::result<Answer> {
    const auto& state = self->state;
    if (question.deadline < state.clock->boot_now())
      return make_error(fault::deadline);
    if (has_ended(state))
      return make_error(fault::stopping);
    if (!state.database)
      return make_error(fault::store_away, state.status.last_error);
    return handle(question);
  };
}

} // namespace

store_actor::behavior_type embedded_store(self_pointer self, embedded_store_settings settings, clock_ptr clock) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.status.kind = "embedded";
  state.status.endpoint = state.settings.path;
  open_database(state, opening_patience);
  if (!state.database)
    begin_to_look(self);
  const auto change = [self](auto work) { return confirm(in_transaction(self->state, work), self->state); };
  return {
    in_time<store_value, store_read>(self, [self](const store_read& question) {
      return read<store_value>(self->state, [&](auto& db) { return read_value(self->state, db, question); });
    }),
    in_time<done, store_write>(self, [self, change](const store_write& what) {
      return change([&](auto& db) { return write(self->state, db, what); });
    }),
    in_time<done, store_erase>(self, [change](const store_erase& what) {
      return change([&](auto& db) { return db.erase(what.key); });
    }),
    in_time<done, store_symbols>(self, [self](const store_symbols& symbols) { return write_symbols(self, symbols); }),
    in_time<store_merge_reply, store_merge>(self, [self](const store_merge& batch) { return merge(self->state, batch); }),
    in_time<store_counters_found, store_read_counters>(self, [self](const store_read_counters& reads) {
      return read<store_counters_found>(self->state, [&](auto& db) { return read_counters_of(self->state, db, reads); });
    }),
    in_time<store_keys, store_list_counters>(self, [self](const store_list_counters& wanted) {
      forget_retired(self->state);
      return read<store_keys>(self->state, [&](auto& db) { return store_keys{db.counters(wanted.glob)}; });
    }),
    in_time<done, store_raise>(self, [self, change](const store_raise& what) {
      return change([&](auto& db) { return db.raise(what.key, what.value, now_ms(self->state)); });
    }),
    in_time<lease_reply, lease_wanted>(self, [self](const lease_wanted& wanted) { return lease(self->state, wanted); }),
    in_time<done, lease_returned>(self, [change](const lease_returned& back) {
      return change([&](auto& db) { return db.return_lease(back.name, back.holder); });
    }),
    in_time<store_rate_limits_reply, store_rate_limits>(
      self, [self](const store_rate_limits& wanted) { return decide_rate_limits(self->state, wanted); }),
    [](const store_announce&) { return done{}; },
    [self](const store_listen& wish) { listen(self, wish.listener); },
    [self](const get_store_status&) { return self->state.status; },
    [self](const wake&) { look_around(self); },
    in_time<done, store_add_distinct>(self, [self](const store_add_distinct& what) { return add_elements(self->state, what); }),
    in_time<store_distinct_found, store_count_distinct>(self, [self](const store_count_distinct& what) {
      return read<store_distinct_found>(self->state, [&](auto& db) { return count_elements(self->state, db, what); });
    }),
  };
}

} // namespace holdfast

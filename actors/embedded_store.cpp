#include "actors/embedded_store.hpp"

#include <cstdio>
#include <utility>

#include <caf/typed_event_based_actor.hpp>

#include "config/keys.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace {

using self_pointer = store_actor::stateful_pointer<embedded_store_state>;

std::int64_t now_ms(const embedded_store_state& state) {
  return std::chrono::floor<std::chrono::milliseconds>(state.clock->wall_now()).time_since_epoch().count();
}

std::optional<std::int64_t> expiry(const embedded_store_state& state, std::optional<std::chrono::milliseconds> ttl) {
  return ttl ? std::optional{now_ms(state) + ttl->count()} : std::nullopt;
}

// Runs `work` in a transaction; it answers whether to commit.
template <class Work>
bool in_transaction(embedded_store_state& state, Work work) {
  ++state.status.commands;
  sqlite_kv::transaction transaction{*state.database};
  const bool good = transaction.begun() && work(*state.database) && transaction.commit();
  if (!good) {
    ++state.status.failures;
    state.status.last_error = state.database->last_error();
  }
  return good;
}

caf::result<done> confirm(bool good, const embedded_store_state& state) {
  if (good)
    return done{};
  return make_error(fault::store_away, state.database->last_error());
}

void open_database(embedded_store_state& state, const std::string& path) {
  auto opened = sqlite_kv::open(path);
  state.status.kind = "embedded";
  state.status.endpoint = path;
  if (!opened) {
    logger()->warn("embedded store is kept in memory only, it does not survive the process: {}", opened.error());
    state.status.last_error = opened.error();
    opened = sqlite_kv::open(":memory:");
  }
  if (opened)
    state.database = std::move(*opened);
  state.status.up = state.database != nullptr;
  if (state.database)
    state.status.identity = {state.database->epoch(), {}, {}};
}

bool write_symbols(embedded_store_state& state, const store_symbols& symbols) {
  return in_transaction(state, [&](sqlite_kv& database) {
    const auto which = symbols.which;
    const auto now = now_ms(state);
    return database.set(keys::symbols_full(which), symbols.full_value, std::nullopt)
           && database.set(keys::symbols_cache(which), symbols.list_value, now + symbols.ttl.count())
           && database.raise(keys::last_refresh(which), symbols.refreshed_at_seconds, now)
           && database.set(keys::symbols_last_good(which), symbols.list_value, std::nullopt);
  });
}

// Orders are kept as text "token sequence" beside the key that they fence.
bool is_fenced(embedded_store_state& state, const store_symbols& symbols) {
  const auto key = keys::fence(keys::symbols_full(symbols.which));
  table_order seen;
  if (const auto stored = state.database->get(key, now_ms(state)))
    std::sscanf(stored->text.c_str(), "%lu %lu", &seen.token, &seen.sequence);
  if (symbols.order < seen)
    return true;
  state.database->set(key, std::to_string(symbols.order.token) + ' ' + std::to_string(symbols.order.sequence), std::nullopt);
  return false;
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
    return true;
  });
  if (!good)
    return make_error(fault::store_away, state.database->last_error());
  return reply;
}

caf::result<lease_reply> lease(embedded_store_state& state, const lease_wanted& wanted) {
  std::optional<sqlite_kv::lease> taken;
  const bool good = in_transaction(state, [&](sqlite_kv& database) {
    taken = database.take_lease(wanted.name, wanted.holder, wanted.ttl.count(), now_ms(state));
    return taken.has_value();
  });
  if (!good)
    return make_error(fault::store_away, state.database->last_error());
  return lease_reply{taken->granted, taken->token, std::chrono::milliseconds{taken->left_ms}};
}

store_value read(embedded_store_state& state, const std::string& key) {
  ++state.status.commands;
  store_value found;
  if (auto stored = state.database->get(key, now_ms(state))) {
    found.value = std::move(stored->text);
    if (stored->expires_ms)
      found.ttl_left = std::chrono::milliseconds{*stored->expires_ms - now_ms(state)};
  }
  return found;
}

} // namespace

store_actor::behavior_type embedded_store(self_pointer self, std::string path, clock_ptr clock) {
  auto& state = self->state;
  state.clock = std::move(clock);
  open_database(state, path);
  if (!state.database)
    self->quit();
  return {
    [self](const store_read& question) { return read(self->state, question.key); },
    [self](const store_write& what) {
      auto& here = self->state;
      return confirm(in_transaction(here, [&](auto& db) { return db.set(what.key, what.value, expiry(here, what.ttl)); }), here);
    },
    [self](const store_erase& what) {
      return confirm(in_transaction(self->state, [&](auto& db) { return db.erase(what.key); }), self->state);
    },
    [self](const store_symbols& symbols) -> caf::result<done> {
      if (is_fenced(self->state, symbols))
        return make_error(fault::fenced);
      return confirm(write_symbols(self->state, symbols), self->state);
    },
    [self](const store_merge& batch) { return merge(self->state, batch); },
    [self](const store_read_counters& reads) {
      store_counters_found found;
      for (const auto& one : reads.reads)
        found.found.push_back(self->state.database->read_counter(one, now_ms(self->state)));
      return found;
    },
    [self](const store_list_counters& wanted) { return store_keys{self->state.database->counters(wanted.glob)}; },
    [self](const store_raise& what) {
      auto& here = self->state;
      return confirm(in_transaction(here, [&](auto& db) { return db.raise(what.key, what.value, now_ms(here)); }), here);
    },
    [self](const lease_wanted& wanted) { return lease(self->state, wanted); },
    [self](const lease_returned& back) {
      return confirm(in_transaction(self->state, [&](auto& db) { return db.return_lease(back.name, back.holder); }),
                     self->state);
    },
    [](const store_announce&) { return done{}; },
    [self](const store_listen& wish) {
      self->state.listeners.push_back(wish.listener);
      self->send(wish.listener, store_event{store_change::link_up, self->state.status.identity});
    },
    [self](const get_store_status&) { return self->state.status; },
    [](const wake&) {},
  };
}

} // namespace holdfast

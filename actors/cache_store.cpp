#include <algorithm>
#include <utility>

#include <caf/send.hpp>

#include "actors/cache_parts.hpp"
#include "config/keys.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto store_patience = 500ms;
constexpr auto write_patience = 10s;
// Clocks of two machines differ by a little; a value from further ahead has an impossible age.
constexpr auto clock_skew_max = 2s;

struct fresh_table {
  symbols_answer answer;
  boot_time fresh_until;
};

enum class verdict { usable, foreign, unusable };

struct judged_value {
  verdict what = verdict::unusable;
  fresh_table table;
};

template <class Found, class Failed>
void read(self_pointer self, store_read question, Found found, Failed failed) {
  question.deadline = now_of(self) + store_patience;
  self->request(self->state.store, store_patience, std::move(question)).then(std::move(found), std::move(failed));
}

void note_foreign_value(self_pointer self, market which) {
  if (!std::exchange(of(self, which).status.store_is_foreign, true))
    logger()->warn("another configuration (exchange, quote assets) shares this store, its values are not used key={}",
                   keys::symbols_full(which));
}

// The full value of a holdfast process, usable if it is of our configuration and young enough by its own account.
judged_value judge_full_value(self_pointer self, market which, const store_value& found) {
  if (!found.value)
    return {};
  auto& one = of(self, which);
  const auto& settings = settings_of(self, which);
  auto decoded = decode_symbols(*found.value, settings.rules);
  if (!decoded)
    return {};
  one.highest_token = std::max(one.highest_token, decoded->order.token);
  if (decoded->fingerprint != self->state.settings.fingerprint) {
    note_foreign_value(self, which);
    return {verdict::foreign, {}};
  }
  one.status.store_is_foreign = false;
  one.judged = std::max(one.judged, decoded->order);
  if (!decoded->fetched_at)
    return {};
  const auto& clock = *self->state.clock;
  const nanoseconds told_age = clock.wall_now() - *decoded->fetched_at;
  if (told_age < -nanoseconds{clock_skew_max} || told_age >= settings.ttl)
    return {};
  const auto fetched = clock.boot_now() - std::max(told_age, 0ns);
  return {verdict::usable,
          {{std::move(decoded->table), symbols_source::cache, decoded->fetched_at, fetched, decoded->order},
           fetched + settings.ttl}};
}

// Wall clocks step; the time left of the plain key beside it is the store's own account. What it says is over, is over.
template <class Then>
void confirm_freshness(self_pointer self, market which, judged_value judged, Then then) {
  if (judged.what != verdict::usable)
    return then(judged);
  read(
    self, {std::string{keys::symbols_cache(which)}, {}, true},
    [self, judged, then](const store_value& plain) mutable {
      if (!plain.value || !plain.ttl_left || *plain.ttl_left <= 0ms)
        judged.what = verdict::unusable;
      else
        judged.table.fresh_until = std::min(judged.table.fresh_until, now_of(self) + *plain.ttl_left);
      then(judged);
    },
    [then](const caf::error&) mutable { then(judged_value{}); });
}

// Publishes a table of the store, unless what hangs on the board is worth more.
bool take(self_pointer self, market which, const fresh_table& found, bool full) {
  const auto before = board_of(self, which);
  if (before->fresh(now_of(self)) && !is_newer(found.answer.stamp(), before->stamp()))
    return false;
  auto answer = found.answer;
  answer.table = publish(self, which, answer, found.fresh_until)->table;
  ++of(self, which).status.follows;
  // A bare array knows no rules: what is known with rules is the better last good.
  if (full || !before->table)
    self->send(self->state.last_good, table_accepted{which, std::move(answer)});
  table_came(self, which);
  return true;
}

void store_is_silent(self_pointer self, market which) { of(self, which).store_silent_until = now_of(self) + store_patience; }

// The store has no table that is fresh: another one it is.
void store_had_nothing(self_pointer self, market which) {
  of(self, which).asking_store = false;
  count_waiting(self, which, false);
  if (board_of(self, which)->fresh(now_of(self)))
    return answer_from_board(self, which);
  want_table(self, which, settings_of(self, which).ttl);
}

void store_had_fresh(self_pointer self, market which, const fresh_table& found, bool full) {
  of(self, which).asking_store = false;
  count_waiting(self, which, true);
  if (!take(self, which, found, full))
    answer_from_board(self, which);
}

// A bare array, ours or another program's: as old as its TTL is short, and believed only if it is plausible.
void read_plain_value(self_pointer self, market which, const store_value& found) {
  const auto& settings = settings_of(self, which);
  if (!found.value || !found.ttl_left || *found.ttl_left <= 0ms || *found.ttl_left > settings.ttl)
    return store_had_nothing(self, which);
  const auto table = read_symbol_list(*found.value, settings.rules);
  std::string reason;
  if (!table)
    reason = table.error();
  else
    reason = judge_table(which, **table, board_of(self, which)->table.get(), self->state.settings.gate).detail;
  if (!reason.empty()) {
    logger()->warn("value in the store not believed key={} reason=\"{}\"", keys::symbols_cache(which), reason);
    return store_had_nothing(self, which);
  }
  const nanoseconds age = settings.ttl - *found.ttl_left;
  const auto& clock = *self->state.clock;
  store_had_fresh(self, which,
                  {{*table, symbols_source::cache,
                    clock.wall_now() - std::chrono::floor<std::chrono::microseconds>(age), clock.boot_now() - age, {}},
                   clock.boot_now() + *found.ttl_left}, false);
}

void ask_plain_value(self_pointer self, market which) {
  read(
    self, {std::string{keys::symbols_cache(which)}, {}},
    [self, which](const store_value& found) { read_plain_value(self, which, found); },
    [self, which](const caf::error&) {
      store_is_silent(self, which);
      store_had_nothing(self, which);
    });
}

void followed(self_pointer self, market which, const std::function<void()>& then) {
  auto& one = of(self, which);
  one.following = false;
  if (std::exchange(one.follow_again, false))
    follow(self, which);
  if (then)
    then();
}

} // namespace

// The plain array beside a foreign full value is foreign, too: a test network must not feed an engine that trades.
void ask_store(self_pointer self, market which) {
  of(self, which).asking_store = true;
  read(
    self, {std::string{keys::symbols_full(which)}, {}},
    [self, which](const store_value& found) {
      confirm_freshness(self, which, judge_full_value(self, which, found), [self, which](const judged_value& judged) {
        switch (judged.what) {
          case verdict::usable: return store_had_fresh(self, which, judged.table, true);
          case verdict::foreign: return store_had_nothing(self, which);
          case verdict::unusable: return ask_plain_value(self, which);
        }
      });
    },
    [self, which](const caf::error&) {
      store_is_silent(self, which);
      store_had_nothing(self, which);
    });
}

void follow(self_pointer self, market which, std::function<void()> then) {
  auto& one = of(self, which);
  if (one.following && !then) {
    one.follow_again = true;
    return;
  }
  one.following = true;
  read(
    self, {std::string{keys::symbols_full(which)}, {}},
    [self, which, then](const store_value& found) {
      confirm_freshness(self, which, judge_full_value(self, which, found), [self, which, then](const judged_value& judged) {
        if (judged.what == verdict::usable)
          take(self, which, judged.table, true);
        followed(self, which, then);
      });
    },
    [self, which, then](const caf::error&) { followed(self, which, then); });
}

void read_fence(self_pointer self, market which, std::function<void(table_order)> then) {
  read(
    self, {keys::fence(keys::symbols_full(which)), {}},
    [self, which, then](const store_value& found) {
      const auto order = parse_table_order(found.value.value_or(""));
      auto& highest = of(self, which).highest_token;
      highest = std::max(highest, order.token);
      then(order);
    },
    [then](const caf::error&) { then({}); });
}

void write_to_store(self_pointer self, market which, std::function<void()> then) {
  const auto& state = self->state;
  const auto published = board_of(self, which);
  const auto now = now_of(self);
  if (!published->table || !published->fresh(now) || !published->fetched_at) {
    if (then)
      then();
    return;
  }
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
    .then(
      [self, which, order = published->order, then](done) {
        of(self, which).judged = std::max(of(self, which).judged, order);
        if (then)
          then();
      },
      [self, which, then](const caf::error& why) {
        logger()->debug("symbols not written to the store market={} reason={}", to_string(which), self->system().render(why));
        if (fault_of(why) == fault::fenced)
          read_fence(self, which, [self, which](table_order) { follow(self, which); });
        if (then)
          then();
      });
}

// Another process's last good may have been there first, which writes no plain array.
void write_if_plain_is_missing(self_pointer self, market which) {
  read(
    self, {std::string{keys::symbols_cache(which)}, {}, true},
    [self, which](const store_value& plain) {
      if (!plain.value)
        write_to_store(self, which);
    },
    [](const caf::error&) {});
}

// A store that was away or emptied may have lost our keys, or have never had them.
void store_changed(self_pointer self, const store_event& event) {
  if (event.change == store_change::link_down)
    return;
  for (const auto which : all_markets) {
    const auto board = board_of(self, which);
    if (!board->table || !board->fresh(now_of(self)))
      continue;
    if (!board->order.known())
      bring_into_store(self, which);
    else
      read_fence(self, which, [self, which, order = board->order](table_order found) {
        if (found < order)
          write_to_store(self, which);
        else if (found > order)
          follow(self, which);
        else
          write_if_plain_is_missing(self, which);
      });
  }
}

void look_at_fences(self_pointer self) {
  for (const auto which : all_markets)
    read_fence(self, which, [self, which](table_order found) {
      const auto board = board_of(self, which);
      if (found > board->order && found > of(self, which).judged)
        follow(self, which);
      else if (board->table && board->fresh(now_of(self)) && !board->order.known())
        bring_into_store(self, which);
    });
  self->delayed_send(self, self->state.settings.look_interval, wake_for(timer::look, market::spot));
}

} // namespace holdfast::cache_parts

#include <algorithm>
#include <utility>

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

void warn_of_foreign_value(self_pointer self, market which) {
  if (!std::exchange(of(self, which).told_foreign, true))
    logger()->warn("another configuration (exchange, quote assets) shares this store, its values are not used key={}",
                   keys::symbols_full(which));
}

// The full value of a holdfast process, usable if it is of our configuration and within the TTL.
judged_value judge_full_value(self_pointer self, market which, const store_value& found) {
  if (!found.value)
    return {};
  const auto& settings = settings_of(self, which);
  const auto decoded = decode_symbols(*found.value, settings.rules);
  if (!decoded)
    return {};
  if (decoded->fingerprint != self->state.settings.fingerprint) {
    warn_of_foreign_value(self, which);
    return {verdict::foreign, {}};
  }
  auto& one = of(self, which);
  one.order_seen = std::max(one.order_seen, decoded->order.token);
  if (!decoded->fetched_at)
    return {};
  const auto& clock = *self->state.clock;
  const nanoseconds told_age = clock.wall_now() - *decoded->fetched_at;
  if (told_age < -nanoseconds{clock_skew_max} || told_age >= settings.ttl)
    return {};
  const auto fetched = clock.boot_now() - std::max(told_age, 0ns);
  return {verdict::usable,
          {{decoded->table, symbols_source::cache, decoded->fetched_at, fetched, decoded->order},
           fetched + settings.ttl}};
}

// Publishes a table of the store, unless what hangs on the board is worth more.
void take(self_pointer self, market which, const fresh_table& found) {
  const auto before = self->state.board->current(which);
  if (before->fresh(now_of(self)) && found.answer.order <= before->order)
    return;
  auto answer = found.answer;
  answer.table = publish(self, which, answer, found.fresh_until)->table;
  self->send(self->state.last_good, table_accepted{which, std::move(answer)});
}

void store_had_fresh(self_pointer self, market which, const fresh_table& found) {
  of(self, which).asking_store = false;
  take(self, which, found);
  count_waiting(self, which, true);
  answer_from_board(self, which);
}

// A bare array, ours or another program's: as old as its TTL is short, and believed only if it is plausible.
void read_plain_value(self_pointer self, market which, const store_value& found) {
  const auto& settings = settings_of(self, which);
  if (!found.value || !found.ttl_left || *found.ttl_left <= 0ms || *found.ttl_left > settings.ttl)
    return store_had_nothing(self, which);
  const auto table = read_symbol_list(*found.value, settings.rules);
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
  const nanoseconds age = settings.ttl - *found.ttl_left;
  const auto& clock = *self->state.clock;
  store_had_fresh(self, which,
                  {{*table, symbols_source::cache,
                    clock.wall_now() - std::chrono::floor<std::chrono::microseconds>(age), clock.boot_now() - age, {}},
                   clock.boot_now() + *found.ttl_left});
}

void ask_plain_value(self_pointer self, market which) {
  self->request(self->state.store, store_patience,
                store_read{std::string{keys::symbols_cache(which)}, now_of(self) + store_patience})
    .then([self, which](const store_value& found) { read_plain_value(self, which, found); },
          [self, which](const caf::error&) { store_had_nothing(self, which); });
}

// The plain array beside a foreign full value is foreign, too: a test network must not feed an engine that trades.
void read_full_value(self_pointer self, market which, const store_value& found) {
  const auto judged = judge_full_value(self, which, found);
  switch (judged.what) {
    case verdict::usable: return store_had_fresh(self, which, judged.table);
    case verdict::foreign: return store_had_nothing(self, which);
    case verdict::unusable: return ask_plain_value(self, which);
  }
}

void followed(self_pointer self, market which) {
  auto& one = of(self, which);
  one.following = false;
  if (std::exchange(one.follow_again, false))
    follow(self, which);
}

} // namespace

void ask_store(self_pointer self, market which) {
  of(self, which).asking_store = true;
  self->request(self->state.store, store_patience,
                store_read{std::string{keys::symbols_full(which)}, now_of(self) + store_patience})
    .then([self, which](const store_value& found) { read_full_value(self, which, found); },
          [self, which](const caf::error&) { store_had_nothing(self, which); });
}

void follow(self_pointer self, market which) {
  auto& one = of(self, which);
  if (std::exchange(one.following, true)) {
    one.follow_again = true;
    return;
  }
  self->request(self->state.store, store_patience,
                store_read{std::string{keys::symbols_full(which)}, now_of(self) + store_patience})
    .then(
      [self, which](const store_value& found) {
        const auto judged = judge_full_value(self, which, found);
        if (judged.what == verdict::usable)
          take(self, which, judged.table);
        followed(self, which);
      },
      [self, which](const caf::error&) { followed(self, which); });
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
            if (fault_of(why) == fault::fenced)
              follow(self, which);
          });
}

} // namespace holdfast::cache_parts

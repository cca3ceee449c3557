// What a value of the store is worth: a full one, or a bare array, ours or another program's.
#include <algorithm>
#include <utility>

#include "actors/cache_parts.hpp"
#include "config/keys.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"
#include "runtime/symbol_merge.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// Clocks of two machines differ by a little; a value from further ahead has an impossible age.
constexpr auto clock_skew_max = 2s;

void note_foreign_value(self_pointer self, market which) {
  of(self, which).foreign_seen = now_of(self);
  of(self, which).ours_again = false;
  if (!std::exchange(self->state.foreign_was_told, true))
    logger()->warn("another configuration (exchange, quote assets) shares this store, its values are not used: give each its own "
                   "database number or server key={}",
                   keys::symbols_full(which));
}

void note_judged(self_pointer self, market which, const judged_value& value) {
  auto& judged = of(self, which).judged;
  judged = std::max(judged, value.table.answer.order);
}

// Too old to be published, it still tells what a fetch is to be compared with.
void note_stored(self_pointer self, market which, const judged_value& value) {
  const auto& answer = value.table.answer;
  const auto board = board_of(self, which);
  const bool wanted = value.what == verdict::unusable && !value.refused && answer.table
                      && (!board->table || is_newer(answer.stamp(), board->stamp()));
  of(self, which).stored = wanted ? answer : symbols_answer{};
}

// A process without a past believes any list; ours is not given up for it.
void hold_against_ours(self_pointer self, market which, judged_value& value) {
  auto& one = of(self, which);
  auto& answer = value.table.answer;
  const auto board = board_of(self, which);
  if (board->fresh(now_of(self)) && !is_newer(answer.stamp(), stamp_of_board(self, which)))
    return;
  const auto told = judge_followed(which, {answer.table.get(), answer.judged_since, answer.fetched_at},
                                   {board->table.get(), board->judged_since, board->fetched_at}, settings_of(self, which).gate);
  answer.judged_since = told.judged_since;
  if (told.verdict.believed())
    return one.following_others.recovered();
  value.what = verdict::unusable;
  value.refused = true;
  if (std::exchange(one.refused_order, answer.order) != answer.order)
    ++one.status.not_followed;
  one.following_others.failed(std::string{to_string(told.verdict.reason)} + ": " + told.verdict.detail, now_of(self));
}

// As old as that value, whatever its TTL tells: a server that stood still may have carried out the write minutes late.
bool is_list_of_an_old_value(self_pointer self, market which, const std::string& list) {
  const auto is = [&](const symbol_table_ptr& table, const table_stamp& stamp) {
    return table && stamp.order.known() && stamp.fetched && now_of(self) - *stamp.fetched >= settings_of(self, which).ttl
           && table->list_json() == list;
  };
  const auto board = board_of(self, which);
  const auto& stored = of(self, which).stored;
  return is(stored.table, stored.stamp()) || is(board->table, board->stamp());
}

} // namespace

known_table newest_known(self_pointer self, market which) {
  const auto& stored = of(self, which).stored;
  const auto board = board_of(self, which);
  if (stored.table && (!board->table || is_newer(stored.stamp(), board->stamp())))
    return {stored.table, stored.judged_since};
  return {board->table, board->judged_since};
}

judged_value judge_full_value(self_pointer self, market which, const store_value& found) {
  if (!found.value)
    return {};
  auto& one = of(self, which);
  const auto& settings = settings_of(self, which);
  auto decoded = decode_symbols(*found.value, settings.rules);
  if (!decoded)
    return {};
  one.highest_token = std::max(one.highest_token, decoded->order.token);
  judged_value judged;
  judged.table.answer.order = decoded->order;
  if (decoded->fingerprint != self->state.settings.fingerprint) {
    note_foreign_value(self, which);
    judged.what = verdict::foreign;
    return judged;
  }
  one.ours_again = true;
  judged.table.answer = {std::move(decoded->table), symbols_source::cache, decoded->fetched_at, {}, decoded->order,
                         decoded->judged_since};
  if (!decoded->fetched_at)
    return judged;
  const auto& clock = *self->state.clock;
  const nanoseconds told_age = clock.wall_now() - *decoded->fetched_at;
  if (told_age < -nanoseconds{clock_skew_max})
    return judged;
  const auto fetched = clock.boot_now() - std::max(told_age, 0ns);
  judged.table.answer.fetched_boot = fetched;
  judged.table.fresh_until = fetched + settings.ttl;
  if (told_age < settings.ttl)
    judged.what = verdict::usable;
  hold_against_ours(self, which, judged);
  return judged;
}

void confirm_freshness(self_pointer self, market which, judged_value judged, std::function<void(const judged_value&)> then) {
  if (judged.what != verdict::usable) {
    note_judged(self, which, judged);
    note_stored(self, which, judged);
    return then(judged);
  }
  // Until it is known to be fresh or not it has not been judged, and no older table of ours may be put above it.
  read(
    self, {std::string{keys::symbols_cache(which)}, {}, true},
    [self, which, judged, then](const store_value& plain) mutable {
      note_judged(self, which, judged);
      if (!plain.value || !plain.ttl_left || *plain.ttl_left <= 0ms)
        judged.what = verdict::unusable;
      else
        judged.table.fresh_until = std::min(judged.table.fresh_until, now_of(self) + *plain.ttl_left);
      note_stored(self, which, judged);
      then(judged);
    },
    [self, which, judged, then](const caf::error&) mutable {
      judged.what = verdict::unusable;
      judged.was_read = false;
      note_stored(self, which, judged);
      then(judged);
    });
}

std::optional<fresh_table> judge_bare_array(self_pointer self, market which, const store_value& found) {
  const auto& settings = settings_of(self, which);
  if (!found.value)
    of(self, which).reading.recovered();
  if (!found.value || !found.ttl_left || *found.ttl_left <= 0ms || *found.ttl_left > settings.ttl)
    return std::nullopt;
  if (is_list_of_an_old_value(self, which, *found.value))
    return std::nullopt;
  const auto known = newest_known(self, which); // has the rules and the symbols that a bare array does not tell
  const auto bare = read_symbol_list(*found.value, settings.rules);
  const auto reason = bare ? judge_array(**bare, known.table.get(), settings.gate).detail : bare.error();
  if (!reason.empty()) {
    of(self, which).reading.failed(reason, now_of(self));
    return std::nullopt;
  }
  of(self, which).reading.recovered();
  const auto& clock = *self->state.clock;
  const nanoseconds age = settings.ttl - *found.ttl_left;
  return fresh_table{{merge_bare(known.table, *bare, clock.wall_now(), settings.rules), symbols_source::cache,
                      clock.wall_now() - std::chrono::floor<std::chrono::microseconds>(age), clock.boot_now() - age, {},
                      known.judged_since},
                     clock.boot_now() + *found.ttl_left};
}

} // namespace holdfast::cache_parts

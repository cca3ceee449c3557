// What is read from the store: for those who wait, to follow other processes, and to notice what was not announced.
#include <algorithm>
#include <utility>

#include <caf/send.hpp>

#include "actors/cache_parts.hpp"
#include "config/keys.hpp"
#include "runtime/symbol_merge.hpp"

namespace holdfast::cache_parts {

namespace {

// Publishes a table of the store, unless what hangs on the board is worth more.
bool take(self_pointer self, market which, const fresh_table& found) {
  const auto before = board_of(self, which);
  if (before->fresh(now_of(self)) && !is_newer(found.answer.stamp(), stamp_of_board(self, which)))
    return false;
  auto answer = found.answer;
  // Who wrote it may not know what was on the list before.
  const auto& settings = settings_of(self, which);
  answer.table = merge_gone(before->table, std::move(answer.table), self->state.clock->wall_now(), settings.rules, settings.keep_gone);
  of(self, which).table_began = answer.fetched_boot.value_or(now_of(self));
  answer.table = publish(self, which, answer, found.fresh_until)->table;
  ++of(self, which).status.follows;
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

void store_had_fresh(self_pointer self, market which, const fresh_table& found) {
  of(self, which).asking_store = false;
  count_waiting(self, which, true);
  if (!take(self, which, found))
    answer_from_board(self, which);
}

void ask_bare_array(self_pointer self, market which) {
  read(
    self, {std::string{keys::symbols_cache(which)}, {}},
    [self, which](const store_value& found) {
      if (const auto fresh = judge_bare_array(self, which, found))
        store_had_fresh(self, which, *fresh);
      else
        store_had_nothing(self, which);
    },
    [self, which](const caf::error&) {
      store_is_silent(self, which);
      store_had_nothing(self, which);
    });
}

void followed(self_pointer self, market which, const std::function<void(bool)>& then, bool was_read) {
  auto& one = of(self, which);
  one.following = false;
  if (std::exchange(one.follow_again, false))
    follow(self, which);
  if (then)
    then(was_read);
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
          case verdict::usable: return store_had_fresh(self, which, judged.table);
          case verdict::foreign: return store_had_nothing(self, which);
          case verdict::unusable: return ask_bare_array(self, which);
        }
      });
    },
    [self, which](const caf::error&) {
      store_is_silent(self, which);
      store_had_nothing(self, which);
    });
}

void follow(self_pointer self, market which, std::function<void(bool)> then) {
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
          take(self, which, judged.table);
        followed(self, which, then, judged.was_read);
      });
    },
    [self, which, then](const caf::error&) { followed(self, which, then, false); });
}

void read_fence(self_pointer self, market which, std::function<void(std::optional<table_order>)> then) {
  read(
    self, {keys::fence(keys::symbols_full(which)), {}},
    [self, which, then](const store_value& found) {
      const auto order = parse_table_order(found.value.value_or(""));
      auto& highest = of(self, which).highest_token;
      highest = std::max(highest, order.token);
      then(order);
    },
    [then](const caf::error&) { then(std::nullopt); });
}

void look_at_fences(self_pointer self) {
  for (const auto which : all_markets)
    read_fence(self, which, [self, which](std::optional<table_order> fence) {
      const auto found = fence.value_or(table_order{});
      const auto board = board_of(self, which);
      if (found > board->order && found > of(self, which).judged)
        follow(self, which);
      else if (board->table && board->fresh(now_of(self)) && !board->order.known())
        bring_into_store(self, which);
    });
  self->delayed_send(self, self->state.settings.look_interval, wake_for(timer::look, market::spot));
}

} // namespace holdfast::cache_parts

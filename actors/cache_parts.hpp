// What the parts of the cache share: cache.cpp has the callers, cache_fetch.cpp the leases and fetches, cache_store.cpp
// what is read from the store, cache_values.cpp what its values are worth, cache_writing.cpp what is written there,
// cache_publish.cpp the board and the feed, cache_early.cpp what reads cause before a table is stale, cache_rejections.cpp
// what hosts report. Private to the cache.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include <caf/typed_event_based_actor.hpp>

#include "actors/cache.hpp"

namespace holdfast::cache_parts {

using self_pointer = cache_actor::stateful_pointer<cache_state>;

inline cached_market& of(self_pointer self, market which) { return self->state.markets[index(which)]; }
inline fetch_attempt_state& attempt_of(self_pointer self, market which) { return of(self, which).attempt; }
inline const market_cache_settings& settings_of(self_pointer self, market which) {
  return self->state.settings.markets[index(which)];
}
inline boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }
inline published_ptr board_of(self_pointer self, market which) { return self->state.board->current(which); }

enum class timer : std::uint32_t { patience, other_fetch, lease_renewal, rejection, late_table, look, refused_list };
inline wake wake_for(timer what, market which, std::uint64_t number = 0) {
  return {static_cast<std::uint32_t>(what) * static_cast<std::uint32_t>(market_count) + static_cast<std::uint32_t>(which), number};
}

inline constexpr std::chrono::milliseconds store_patience{500};

template <class Found, class Failed>
void read(self_pointer self, store_read question, Found found, Failed failed) {
  question.deadline = now_of(self) + store_patience;
  self->request(self->state.store, store_patience, std::move(question)).then(std::move(found), std::move(failed));
}

// --- cache.cpp

// Answers all who wait with what hangs on the board; those who are not counted yet count as `hit` or miss.
void answer_from_board(self_pointer self, market which, bool hit = false);
void count_waiting(self_pointer self, market which, bool hit);
// Where nothing hangs, what was good once comes to hang, wherever it is kept; then nobody waits longer than beside an older
// table.
void look_for_last_good(self_pointer self, market which);

// --- cache_fetch.cpp

// Brings a table younger than `at_age`, unless that is under way.
void want_table(self_pointer self, market which, std::chrono::nanoseconds at_age);
// A fresh table without a token gets one and goes into the store.
void bring_into_store(self_pointer self, market which);
// After every attempt: whoever wanted it is told, and what it left open is planned anew.
void answer_refreshers(self_pointer self, refresh_outcome outcome);
// What a refresher is told of the table that hangs.
refresh_outcome outcome_of(self_pointer self, market which, bool fetched);
// A table of the store was published: whoever waited for another process has it.
void table_came(self_pointer self, market which);
// A table of the exchange, or one that an operator believes.
void accept(self_pointer self, market which, symbols_answer& answer);
void look_again(self_pointer self, market which, std::uint64_t attempt);

// --- cache_lease.cpp

constexpr std::chrono::seconds lease_patience{1};

// `above`: a token that must be exceeded.
lease_wanted lease_question(self_pointer self, market which, std::uint64_t above = 0);
bool holds_lease(self_pointer self, market which);
void renew_lease(self_pointer self, market which, std::uint64_t attempt);
void give_back_lease(self_pointer self, market which);
// Of the next table that is fetched under the token that we hold.
table_order next_order(self_pointer self, market which);
// Of the board's table, which was fetched while there were no tokens: as old as the one that the store would have given when that
// fetch began. Only while we hold a token.
table_order order_by_age(self_pointer self, market which);
// How the board's table compares with those that have tokens.
table_stamp stamp_of_board(self_pointer self, market which);

// --- cache_store.cpp

// Looks into the store for those who wait.
void ask_store(self_pointer self, market which);
// Takes another process's table from the store, if it is newer than the board's; `then` in any case, told whether the store
// could be read.
void follow(self_pointer self, market which, std::function<void(bool was_read)> then = {});
// The newest order that has written the store; zero where there is none, nothing where it cannot be read.
void read_fence(self_pointer self, market which, std::function<void(std::optional<table_order>)> then);
void look_at_fences(self_pointer self);

// --- cache_values.cpp

struct fresh_table {
  symbols_answer answer;
  boot_time fresh_until;
};

// `foreign`: of another configuration; the plain array beside it is foreign, too.
enum class verdict : std::uint8_t { usable, foreign, unusable };

// One that is too old, or of unknown age, is unusable but has its table: it knows more than a bare array does.
struct judged_value {
  verdict what = verdict::unusable;
  fresh_table table;
  bool was_read = true; // false: the store did not tell whether it is fresh
  bool refused = false; // unusable since ours tells otherwise: not even to be compared with
};

// The full value of a holdfast process, usable if it is of our configuration and young enough by its own account.
judged_value judge_full_value(self_pointer self, market which, const store_value& found);
// Wall clocks step; the time left of the plain key beside it is the store's own account. What it says is over, is over.
void confirm_freshness(self_pointer self, market which, judged_value judged, std::function<void(const judged_value&)> then);
// As old as its TTL is short, believed only if it is plausible, completed by what is known of its symbols.
std::optional<fresh_table> judge_bare_array(self_pointer self, market which, const store_value& found);
struct known_table {
  symbol_table_ptr table; // null where there is none
  std::optional<wall_time> judged_since; // as judge_followed() wants it
};

// What a new table is compared with and completed by: the board's, or the full value beside it in the store, though it is
// too old to be published.
known_table newest_known(self_pointer self, market which);

// --- cache_writing.cpp

// Puts the board's table into the store, if it is fresh; `then` once that is done or has failed.
void write_to_store(self_pointer self, market which, std::function<void()> then = {});
void store_changed(self_pointer self, const store_event& event);
// A table that came after its lease had ended, for we were frozen: others may have younger ones, and a store that was
// emptied meanwhile gets those before it gets ours.
void let_others_write_first(self_pointer self, market which);
void bring_late_table(self_pointer self, market which);
// A list that the store has refused.
void write_again(self_pointer self, market which);

// --- cache_rejections.cpp

void report_rejection(self_pointer self, const rejection_reported& report);
void refresh_for_rejection(self_pointer self, market which);
// An attempt is over, or none was needed: a report that it did not answer gets another one.
void settle_rejection(self_pointer self, market which);

// --- cache_early.cpp

// From when on reads of the table that was just published cause a refresh.
void plan_early_refresh(self_pointer self, market which);
// The same after a refresh that failed.
void plan_early_refresh_again(self_pointer self, market which);
// Somebody has read the fresh table.
void note_read(self_pointer self, market which);

// --- cache_publish.cpp

// Hangs the table on the board; its version grows only where its content differs from what hangs there.
published_ptr publish(self_pointer self, market which, const symbols_answer& answer, boot_time fresh_until);
void subscribe(self_pointer self, const symbols_listener& listener);

} // namespace holdfast::cache_parts

// What the parts of the cache share: cache.cpp has the callers, cache_fetch.cpp the leases and fetches, cache_store.cpp
// what is read from and written to the store, cache_publish.cpp the board and the feed, cache_rejections.cpp
// what hosts report. Private to the cache.
#pragma once

#include <functional>

#include <caf/typed_event_based_actor.hpp>

#include "actors/cache.hpp"

namespace holdfast::cache_parts {

using self_pointer = cache_actor::stateful_pointer<cache_state>;

inline cached_market& of(self_pointer self, market which) { return self->state.markets[index(which)]; }
inline const market_cache_settings& settings_of(self_pointer self, market which) {
  return self->state.settings.markets[index(which)];
}
inline boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }
inline published_ptr board_of(self_pointer self, market which) { return self->state.board->current(which); }

enum class timer : std::uint32_t { patience, other_fetch, lease_renewal, rejection, look };
inline wake wake_for(timer what, market which, std::uint64_t number = 0) {
  return {static_cast<std::uint32_t>(what) * static_cast<std::uint32_t>(market_count) + static_cast<std::uint32_t>(which), number};
}

// --- cache.cpp

// Answers all who wait with what hangs on the board; those who are not counted yet count as `hit` or miss.
void answer_from_board(self_pointer self, market which, bool hit = false);
void count_waiting(self_pointer self, market which, bool hit);

// --- cache_fetch.cpp

// Brings a table younger than `at_age`, unless that is under way.
void want_table(self_pointer self, market which, std::chrono::nanoseconds at_age);
// A fresh table without a token gets one and goes into the store.
void bring_into_store(self_pointer self, market which);
void answer_refreshers(self_pointer self, refresh_outcome outcome);
// What a refresher is told of the table that hangs.
refresh_outcome outcome_of(self_pointer self, market which, bool fetched);
// A table of the store was published: whoever waited for another process has it.
void table_came(self_pointer self, market which);
// A table of the exchange, or one that an operator believes.
void accept(self_pointer self, market which, symbols_answer& answer);
void look_again(self_pointer self, market which, std::uint64_t attempt);
void renew_lease(self_pointer self, market which, std::uint64_t attempt);

// --- cache_store.cpp

// Looks into the store for those who wait.
void ask_store(self_pointer self, market which);
// Takes another process's table from the store, if it is newer than the board's; `then` in any case.
void follow(self_pointer self, market which, std::function<void()> then = {});
// The newest order that has written the store; zero where there is none or it cannot be read.
void read_fence(self_pointer self, market which, std::function<void(table_order)> then);
// Puts the board's table into the store, if it is fresh; `then` once that is done or has failed.
void write_to_store(self_pointer self, market which, std::function<void()> then = {});
void store_changed(self_pointer self, const store_event& event);
void look_at_fences(self_pointer self);

// --- cache_rejections.cpp

void report_rejection(self_pointer self, const rejection_reported& report);
void refresh_for_rejection(self_pointer self, market which);

// --- cache_publish.cpp

// Hangs the table on the board; its version grows only where its content differs from what hangs there.
published_ptr publish(self_pointer self, market which, const symbols_answer& answer, boot_time fresh_until);
void subscribe(self_pointer self, const symbols_listener& listener);
// The next time after now at which a symbol of the table is listed or delivered.
std::optional<wall_time> next_change(const symbol_table& table, wall_time now);

} // namespace holdfast::cache_parts

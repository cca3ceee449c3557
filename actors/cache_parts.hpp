// What the two halves of the cache share: cache.cpp has the callers and the fetches, cache_store.cpp the store.
// Private to the cache.
#pragma once

#include <caf/typed_event_based_actor.hpp>

#include "actors/cache.hpp"

namespace holdfast::cache_parts {

using self_pointer = cache_actor::stateful_pointer<cache_state>;

inline cached_market& of(self_pointer self, market which) { return self->state.markets[index(which)]; }
inline const market_cache_settings& settings_of(self_pointer self, market which) {
  return self->state.settings.markets[index(which)];
}
inline boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

// Hangs the table on the board; its version grows only where its content differs from what hangs there.
published_ptr publish(self_pointer self, market which, const symbols_answer& answer, boot_time fresh_until);

// Answers all who wait with what hangs on the board.
void answer_from_board(self_pointer self, market which);

// Everybody who waits for the store's verdict has it.
void count_waiting(self_pointer self, market which, bool hit);

// The store has no table that is fresh: a fetch it is.
void store_had_nothing(self_pointer self, market which);

// Looks into the store for those who wait.
void ask_store(self_pointer self, market which);

// Puts the board's table into the store, if it is fresh.
void write_to_store(self_pointer self, market which);

// Takes another process's table from the store, if it is newer than the board's.
void follow(self_pointer self, market which);

} // namespace holdfast::cache_parts

// Private to the counter actor: what its files share. counter.cpp has the behaviour, counter_merging.cpp the way from the
// ledgers to the store, counter_reads.cpp what a value is, ledger_drain.cpp one ledger.
#pragma once

#include "actors/counter.hpp"

namespace holdfast::counter_parts {

using self_pointer = counter_actor::stateful_pointer<counter_state>;

inline boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

// Sends what is missing in the store, unless it is to be left in peace; lets go of ledgers that are done with.
void drain(self_pointer self);
// Takes ledgers of the folder that nobody owns, if it is time to look.
void adopt(self_pointer self);
// Every row of a ledger that is not in the store now.
void add_targets(std::vector<waiting_rows::target>& into, std::uint64_t number, const draining_ledger& ledger);
// Answers who waits for rows that have arrived, or too long.
void answer_waiting(self_pointer self);
void on_store_event(self_pointer self, const store_event& event);
// A tick later more rows may be compared.
void ramp_up(counter_state& state);

} // namespace holdfast::counter_parts

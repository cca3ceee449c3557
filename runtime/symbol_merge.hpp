// How a new list is joined with what is known already.
//
// What a list leaves out, or tells that cannot be, is taken over from the list before.
//
// Symbols that vanish from the exchange's list stay in the table as GONE, so that a position in one can still be priced.
// Rows vanish for a day and come back at their old place: a gone symbol keeps the place behind the neighbour that it
// had, and is the exchange's own row again once it is listed again.
#pragma once

#include <chrono>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

inline constexpr std::chrono::hours keep_gone_default{24 * 30};

// `next` with the symbols of `previous` that it lacks: status GONE, their last rules, and since when. Those missed for
// `keep_for` or longer are left out, with a `keep_for` of zero all. `next` itself where there is nothing to add.
// Pre: `next` is a whole list of the exchange (a bare array of the tradable symbols lacks most of them), not null;
//      `previous` may be null.
symbol_table_ptr merge_gone(const symbol_table_ptr& previous, symbol_table_ptr next, wall_time now, const list_rules& rules,
                            std::chrono::seconds keep_for = keep_gone_default);

// `bare`, a list of the tradable symbols alone and perhaps of four fields each, completed by what `known` has of them: what
// the list tells wins (but a tick or step of zero), what it leaves out is taken over. Symbols that no such list would hold
// (not in TRADING, quoted in other assets) stay as they were; one that should be in it and is not is GONE until the exchange
// itself is asked again. The symbols keep known's order; new ones follow.
// Pre: `bare` is not null; `known` may be null, then `bare` is all there is.
symbol_table_ptr merge_bare(const symbol_table_ptr& known, symbol_table_ptr bare, wall_time now, const list_rules& rules);

// `next` with the permissions of `previous` where it names none itself: a list that was asked for without them tells
// nothing about them. A symbol that `previous` lacks has none, and permits() everybody.
symbol_table_ptr keep_permissions(const symbol_table_ptr& previous, symbol_table_ptr next, const list_rules& rules);

struct kept_rules { // a list, and how many of its symbols have a tick or step of the list before
  symbol_table_ptr table;
  std::size_t symbols = 0;
};

// `next` with the tick and step of `previous` where its own became zero, or are there no more: nobody rounds to nothing
// because of one bad symbol. A tick that has been zero in `previous` stays so.
kept_rules keep_lost_rules(const symbol_table_ptr& previous, symbol_table_ptr next, const list_rules& rules);

} // namespace holdfast

// How one row of a ledger reaches the store exactly once: every decision of the merge protocol, as pure functions.
//
// A ledger does not send increments, it sends state: "this writer has added A and subtracted S in all". A merge is a
// compare-and-set on the state that the store holds for the writer (counter_merge.hpp); where the store holds something
// else, decide() says what that means. docs/ledger-format.md explains the rules and their order.
//
// Join     where the store has no field of ours, the first request writes one and carries no increments: it says what of
//          ours counts as being there. Increments follow once that is known. A request whose reply is lost therefore
//          leaves either the field it found or the one it wrote, and both are told apart by looking.
// Crash    what a request needs to be understood later (`sent`, `joining`, `joined`) is written before it goes out; what
//          the answer teaches is written only when a merge was carried out, or a retired id is replaced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/counter_merge.hpp>
#include <holdfast/runtime/ledger_row.hpp>
#include <holdfast/runtime/writer_state.hpp>

namespace holdfast {

// Whether everything in `part` is in `whole`.
bool within(const ledger_sums& part, const ledger_sums& whole) noexcept;

// What whoever creates a record says of the counter in it: the store was empty, or the counter was there already.
enum class generation_mark : std::uint8_t { emptied = 0, kept = 1 };

// What a request builds on: what the store is believed to hold, and which of our sums that stands for.
struct merge_basis {
  merge_state expected;
  ledger_sums base;
  bool joins = false; // write our field with `base`, no increments
  generation_mark mark = generation_mark::emptied; // of the record to be created, where none is expected
  ledger_id epoch{}; // of the store when `expected` was found there; none: the bookkeeping's
};

// What the bookkeeping alone tells.
merge_basis usual_basis(const row_bookkeeping& book);

// The bookkeeping to go on with where nothing is known but what the file tells, or where the store may have gone back: a
// retired id is asked about again unless its successor is known to have a field.
row_bookkeeping resumed(const row_bookkeeping& book);

// Our sums under the row's present writer id.
ledger_sums own_part(const ledger_sums& sums, const row_bookkeeping& book) noexcept;

// Whether the store lacks anything of this row.
bool needs_merge(const ledger_sums& sums, const row_bookkeeping& book) noexcept;

// Whether everything up to `target` is in the store.
bool has_arrived(const ledger_sums& target, const row_bookkeeping& book) noexcept;

// What the sums of a file that went back (power loss, a restored machine) must be at least; none: they are sound. The
// owner raises them; an adopter is done with the row.
std::optional<ledger_sums> lost_sums(const ledger_sums& sums, const row_bookkeeping& book) noexcept;

// The request, and the bookkeeping to be kept before it is sent; none where the difference does not fit 64 bits.
struct merge_request {
  merge_row row;
  row_bookkeeping book;
  row_bookkeeping before; // this request
  bool joins = false;
  bool retires = false;
};
// Pre: !lost_sums(sums, book).
std::optional<merge_request> make_merge(std::string_view key, const ledger_id& file_writer, const ledger_sums& sums,
                                        const row_bookkeeping& book, const merge_basis& basis,
                                        std::optional<std::int64_t> retire_at);

enum class merge_role : std::uint8_t { owner, adopter };

// What is known of the store's own past: store_traces.hpp.
struct store_past {
  ledger_id epoch{};         // now
  bool emptied = false;      // since the row's epoch: of the counters known to have been there, none was found but gone ones
  bool asked_others = true;  // no other counter is left to be asked about it
};

enum class merge_action : std::uint8_t {
  done,      // keep `book`; whatever is still missing is sent as usual
  again,     // keep `book`, send again on `basis`
  wait,      // ask about every other row first: how this one is meant depends on their fate
  set_aside, // the store refuses this row: try again much later
  abandon,   // adopter: the id lives elsewhere; send nothing, retire nothing
};

struct merge_decision {
  merge_action action = merge_action::done;
  row_bookkeeping book;
  std::optional<merge_basis> basis;    // none: the usual one
  std::optional<ledger_sums> raise_to; // the row's sums (all writers of it together) must be at least these
  bool ambiguous = false;              // increments may be lost by somebody else's doing
  std::string reason;
};

// A request that was answered without being carried out was never sent, as far as the bookkeeping is concerned.
merge_decision decide(const merge_request& asked, const merge_verdict& verdict, const row_bookkeeping& book,
                      const ledger_sums& sums, merge_role role, const store_past& past = {});

// Which of our sums (under the row's present writer id) a store that holds `found` has in its counter.
ledger_sums counted_in_store(const merge_state& found, const row_bookkeeping& book);

} // namespace holdfast

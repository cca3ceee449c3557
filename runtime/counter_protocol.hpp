// How one row of a ledger reaches the store exactly once: every decision of the merge protocol, as pure functions.
//
// A ledger does not send increments, it sends state: "this writer has added A and subtracted S in all". A merge is a
// compare-and-set on the state that the store holds for the writer (counter_merge.hpp); where the store holds something
// else, decide() says what that means. docs/ledger-format.md explains the rules and their order.
//
// Crash    nothing that decide() learns from a mismatch is kept: only a merge that was carried out changes the persistent
//          bookkeeping, besides `sent` and `own_generation`, which are written before a request goes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/counter_merge.hpp>
#include <holdfast/runtime/ledger_row.hpp>

namespace holdfast {

// A writer's state as a store keeps it: "added subtracted", and " r<Unix seconds>" once retired.
struct writer_state {
  ledger_sums sums;
  std::optional<std::int64_t> retired_at;
};
std::string to_text(const writer_state& state);
std::optional<writer_state> parse_writer_state(std::string_view text) noexcept;

// What a request builds on: what the store is believed to hold, and which of our sums that stands for.
struct merge_basis {
  merge_state expected;
  ledger_sums base;
};

// What the bookkeeping alone tells.
merge_basis usual_basis(const row_bookkeeping& book);

// Our sums under the row's present writer id.
ledger_sums own_part(const ledger_sums& sums, const row_bookkeeping& book) noexcept;

// Whether the store lacks anything of this row, or (retiring) its mark.
bool needs_merge(const ledger_sums& sums, const row_bookkeeping& book) noexcept;

// The request, and the bookkeeping to be kept before it is sent; none where the difference does not fit 64 bits.
struct merge_request {
  merge_row row;
  row_bookkeeping book;
  ledger_sums sent_before; // what had been sent before this request
};
std::optional<merge_request> make_merge(std::string_view key, const ledger_id& file_writer, const ledger_sums& sums,
                                        const row_bookkeeping& book, const merge_basis& basis,
                                        std::optional<std::int64_t> retire_at);

enum class merge_role : std::uint8_t { owner, adopter };

enum class merge_action : std::uint8_t {
  done,      // nothing to send now; keep `book`
  again,     // keep `book`, send again on `basis`
  set_aside, // the store refuses this row: try again much later
  abandon,   // adopter: the id lives elsewhere; send nothing, retire nothing
};

struct merge_decision {
  merge_action action = merge_action::done;
  row_bookkeeping book;
  merge_basis basis;
  std::optional<ledger_sums> raise_to; // the row's sums (all writers of it together) must be at least these
  bool ambiguous = false;              // increments may be lost or doubled by somebody else's doing
  std::string reason;
};

// A request that was answered without being carried out was never sent, as far as `sent` is concerned.
merge_decision decide(const merge_request& asked, const merge_verdict& verdict, const row_bookkeeping& book,
                      const ledger_sums& sums, merge_role role);

} // namespace holdfast

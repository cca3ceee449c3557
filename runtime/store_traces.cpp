#include "runtime/store_traces.hpp"

#include "runtime/ledger_id.hpp"

namespace holdfast {

store_trace trace_in(const merge_request& asked, const merge_verdict& verdict, const ledger_id& epoch) noexcept {
  if (!is_set(asked.book.epoch) || asked.book.epoch == epoch)
    return store_trace::none;
  if (verdict.outcome == merge_outcome::merged)
    return asked.joins ? store_trace::none : store_trace::survived;
  if (verdict.outcome != merge_outcome::mismatch)
    return store_trace::none;
  const auto& found = verdict.found;
  if (!found.generation.empty()) {
    const bool known = is_set(asked.book.generation) && ledger_id_from(found.generation) == asked.book.generation;
    return known ? store_trace::survived : store_trace::none;
  }
  if (asked.before.merged == ledger_sums{})
    return store_trace::none;
  // The index goes when the store is emptied: whoever is in it lost its record otherwise.
  if (found.listed)
    return store_trace::survived;
  return found.counter_exists ? store_trace::none : store_trace::lost;
}

void store_traces::note(const merge_request& asked, const merge_verdict& verdict, const ledger_id& epoch) {
  const auto trace = trace_in(asked, verdict, epoch);
  if (trace == store_trace::none)
    return;
  auto& since = found_[asked.book.epoch];
  since.lost |= trace == store_trace::lost;
  since.survived |= trace == store_trace::survived;
}

bool store_traces::emptied_since(const ledger_id& epoch) const {
  const auto since = found_.find(epoch);
  return since != found_.end() && since->second.lost && !since->second.survived;
}

} // namespace holdfast

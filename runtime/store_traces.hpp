// What became of the store since an epoch, as told by the fate of counters that were there under it. An epoch other than a
// row's tells that the store was emptied, or that the epoch was evicted, perhaps with records and whole counters: only the
// other counters tell which.
//
// Threads  none of its own; one thread at a time.
// Bounds   an entry per epoch that rows were last merged under.
#pragma once

#include <cstdint>
#include <map>

#include "runtime/counter_protocol.hpp"

namespace holdfast {

// What one answer tells of the store since the row's epoch: nothing; that a counter is gone with its record; that something
// of that time is still there, so that whatever else is gone was evicted or deleted alone.
enum class store_trace : std::uint8_t { none, lost, survived };

store_trace trace_in(const merge_request& asked, const merge_verdict& verdict, const ledger_id& epoch) noexcept;

class store_traces {
public:
  // The answer to `asked` by a store that has this epoch now.
  void note(const merge_request& asked, const merge_verdict& verdict, const ledger_id& epoch);
  // Whether, of the counters known to have been there under `epoch`, none was found but gone ones.
  bool emptied_since(const ledger_id& epoch) const;
  void forget() noexcept { found_.clear(); }

private:
  struct findings {
    bool lost = false;
    bool survived = false;
  };
  std::map<ledger_id, findings> found_;
};

} // namespace holdfast

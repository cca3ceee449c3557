// Whether a new table may replace the one that is believed: an exchange that answers nonsense must not empty an
// engine's list. A refused table is not used; the last good one stays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

enum class gate_reason : std::uint8_t { // what speaks against a table; of several the first that was found
  believed,
  empty,               // nothing in TRADING, or nothing listed where something was
  shrunk,              // implausibly fewer in TRADING, or listed, than before
  pinned_missing,      // a symbol that must be there is not
  zero_rules,          // too many ticks or steps became zero
  rules_changed,       // too many ticks or steps changed, or changed wildly, at once
  server_time_went_back,
};

// The name of the enumerator, as in logs, counters and the status.
HOLDFAST_EXPORT std::string_view to_string(gate_reason reason) noexcept;

// Shares are percent. Every share but the first is of symbols in TRADING, and refused only above what is given.
struct gate_settings {
  unsigned keep_percent_min = 70;    // of the baseline's symbols in TRADING, and of its listed ones
  unsigned zero_percent_max = 1;     // ticks or steps of zero that were not zero before; those few are not used all the
                                     // same where the last ones are known (keep_lost_rules in symbol_merge.hpp)
  unsigned changed_percent_max = 50; // ticks or steps that changed, of the symbols in both tables
  unsigned wild_percent_max = 5;     // of these, by `wild_factor` or more either way, or that were lost
  unsigned wild_factor = 1000;       // 0: only what was lost is wild
  std::vector<std::string> pinned;   // must be there, in any status
  // Spot: no body is from before that, Unix milliseconds; none: from before the baseline.
  std::optional<std::int64_t> server_time_min_ms;
};

struct gate_verdict { // believed, or why not
  gate_reason reason = gate_reason::believed; // for programs
  std::string detail;                         // for people: what was seen and what is accepted
  // The table may replace the baseline.
  bool believed() const noexcept { return reason == gate_reason::believed; }
};

// `next`: a whole list of the exchange. `baseline` may be null: then only what stands for itself is checked.
HOLDFAST_EXPORT gate_verdict judge_table(market which, const symbol_table& next, const symbol_table* baseline,
                         const gate_settings& settings);

// A table and its line: since when each table of it was compared with the one before. Who has nothing to compare with
// believes any list, as after an emptied store and folder: that begins a line, at the time of its fetch. The beginning of the
// epoch is an operator's word, older than any other line.
struct judged_table {
  const symbol_table* table = nullptr;   // null: nothing is believed yet
  std::optional<wall_time> judged_since; // none: unknown
  std::optional<wall_time> fetched_at;   // none: unknown
};

struct followed_table { // what another process's table is worth here
  gate_verdict verdict;                  // believed, or why it may not replace ours
  std::optional<wall_time> judged_since; // its line, once it is ours
};

// Whether the table of another process may replace ours. Its word is good enough where its line is as old as ours, where ours was
// never compared with anything, or is a day older than its table; else it is compared with ours.
HOLDFAST_EXPORT followed_table judge_followed(market which, const judged_table& next, const judged_table& ours, gate_settings settings);

// `array`: what another program lists, and nothing else: it has no time, may have no rules, and cannot hold a pinned symbol
// that is not in TRADING or is quoted in another asset. Only what the baseline lists is compared, and of the pinned
// symbols those that it lists; without a baseline every one of them must be there.
HOLDFAST_EXPORT gate_verdict judge_array(const symbol_table& array, const symbol_table* baseline, const gate_settings& settings);

} // namespace holdfast

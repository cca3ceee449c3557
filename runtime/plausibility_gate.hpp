// Whether a new table may replace the one that is believed: an exchange that answers nonsense must not empty an
// engine's list. A refused table is not used; the last good one stays.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

enum class gate_reason : std::uint8_t {
  believed,
  empty,               // nothing in TRADING
  shrunk,              // implausibly fewer in TRADING than before
  pinned_missing,      // a symbol that must be there is not
  zero_rules,          // ticks or steps of zero where there were some
  rules_changed,       // most ticks or steps changed at once
  server_time_went_back,
};

std::string_view to_string(gate_reason reason) noexcept;

struct gate_settings {
  unsigned keep_percent_min = 50;  // of the baseline's symbols in TRADING
  unsigned changed_percent_max = 50; // of the common symbols' ticks and steps
  std::vector<std::string> pinned; // must be listed, in any status
};

struct gate_verdict {
  gate_reason reason = gate_reason::believed;
  std::string detail; // for people: what was seen and what is accepted
  bool believed() const noexcept { return reason == gate_reason::believed; }
};

// `baseline` may be null: then only what stands for itself is checked.
gate_verdict judge_table(market which, const symbol_table& next, const symbol_table* baseline,
                         const gate_settings& settings);

} // namespace holdfast

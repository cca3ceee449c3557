#include "runtime/plausibility_gate.hpp"

#include <array>

namespace holdfast {

namespace {

gate_verdict refuse(gate_reason reason, std::string detail) { return {reason, std::move(detail)}; }

bool is_zero(const rule_value& rule) noexcept { return rule.present() && rule.units <= 0; }

bool changed(const rule_value& before, const rule_value& now) noexcept {
  return before.present() && now.present() && before.value() != now.value();
}

// Rows whose tick or step became zero; rows of both tables whose tick or step changed; rows of both tables.
struct rule_census {
  std::size_t zero = 0;
  std::size_t changed = 0;
  std::size_t common = 0;
};

rule_census count_rules(const symbol_table& next, const symbol_table* baseline) {
  rule_census census;
  for (const auto& one : next.symbols()) {
    if (!one.trading())
      continue;
    const auto* before = baseline ? baseline->find(one.name) : nullptr;
    const bool was_zero = before && (is_zero(before->tick_size) || is_zero(before->step_size));
    census.zero += (is_zero(one.tick_size) || is_zero(one.step_size)) && !was_zero ? 1 : 0;
    if (!before)
      continue;
    ++census.common;
    census.changed += changed(before->tick_size, one.tick_size) || changed(before->step_size, one.step_size) ? 1 : 0;
  }
  return census;
}

} // namespace

std::string_view to_string(gate_reason reason) noexcept {
  constexpr std::array<std::string_view, 7> names{"believed",   "empty",         "shrunk",                "pinned_missing",
                                                  "zero_rules", "rules_changed", "server_time_went_back"};
  return names[static_cast<std::size_t>(reason)];
}

gate_verdict judge_table(market which, const symbol_table& next, const symbol_table* baseline,
                         const gate_settings& settings) {
  const auto trading = next.trading_count();
  if (trading == 0)
    return refuse(gate_reason::empty, "no symbol in TRADING among " + std::to_string(next.size()));
  for (const auto& name : settings.pinned)
    if (const auto* one = next.find(name); !one || one->status == symbol_status::gone)
      return refuse(gate_reason::pinned_missing, "pinned symbol " + name + " is missing");
  if (baseline && trading * 100 < baseline->trading_count() * settings.keep_percent_min)
    return refuse(gate_reason::shrunk, std::to_string(trading) + " symbols in TRADING where "
                                         + std::to_string(baseline->trading_count()) + " were, accepted from "
                                         + std::to_string(settings.keep_percent_min) + " %");
  const auto census = count_rules(next, baseline);
  if (census.zero > 0)
    return refuse(gate_reason::zero_rules, std::to_string(census.zero) + " symbols have a tick or step of zero");
  if (census.common >= 10 && census.changed * 100 > census.common * settings.changed_percent_max)
    return refuse(gate_reason::rules_changed, std::to_string(census.changed) + " of " + std::to_string(census.common)
                                                + " symbols changed their tick or step at once");
  // Futures bodies carry an old time by nature.
  if (which == market::spot && baseline && next.server_time_ms() > 0 && next.server_time_ms() < baseline->server_time_ms())
    return refuse(gate_reason::server_time_went_back, "serverTime " + std::to_string(next.server_time_ms())
                                                        + " is before " + std::to_string(baseline->server_time_ms()));
  return {};
}

} // namespace holdfast

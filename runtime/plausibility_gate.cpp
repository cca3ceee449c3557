#include "runtime/plausibility_gate.hpp"

#include <algorithm>
#include <array>

#include "runtime/decimal_math.hpp"

namespace holdfast {

namespace {

constexpr std::size_t common_min = 10;

gate_verdict refuse(gate_reason reason, std::string detail) { return {reason, std::move(detail)}; }

bool is_zero(const rule_value& rule) noexcept { return rule.present() && rule.units <= 0; }

bool has_zero(const symbol& one) noexcept { return is_zero(one.tick_size) || is_zero(one.step_size); }

enum class movement { none, changed, wild };

// a >= b * factor, exactly.
bool exceeds(decimal a, decimal b, unsigned factor) noexcept {
  const auto scale = std::max(a.scale, b.scale);
  return a.units * wide_powers_of_ten[scale - a.scale] / factor >= b.units * wide_powers_of_ten[scale - b.scale];
}

// A body of the exchange tells its time; a bare array of another program has no time and may have no rules.
bool has_rules(const symbol_table& table) noexcept { return table.server_time_ms() > 0; }

movement compare(const rule_value& before, const rule_value& now, unsigned wild_factor, bool rules_expected) noexcept {
  if (before.present() && !now.present())
    return rules_expected ? movement::wild : movement::none;
  if (!before.present() || before.value() == now.value())
    return movement::none;
  if (is_zero(before) || is_zero(now))
    return movement::changed;
  const bool wild = wild_factor > 0
                    && (exceeds(before.value(), now.value(), wild_factor) || exceeds(now.value(), before.value(), wild_factor));
  return wild ? movement::wild : movement::changed;
}

struct rule_census {
  std::size_t zero = 0; // rows whose tick or step became zero
  std::size_t changed = 0;
  std::size_t wild = 0;
  std::size_t common = 0; // rows of both tables
};

rule_census count_rules(const symbol_table& next, const symbol_table* baseline, unsigned wild_factor) {
  rule_census census;
  for (const auto& one : next.symbols()) {
    if (!one.trading())
      continue;
    const auto* before = baseline ? baseline->find(one.name) : nullptr;
    census.zero += has_zero(one) && !(before && has_zero(*before)) ? 1 : 0;
    if (!before)
      continue;
    const auto moved = std::max(compare(before->tick_size, one.tick_size, wild_factor, has_rules(next)),
                                compare(before->step_size, one.step_size, wild_factor, has_rules(next)));
    ++census.common;
    census.changed += moved != movement::none ? 1 : 0;
    census.wild += moved == movement::wild ? 1 : 0;
  }
  return census;
}

std::string share(std::size_t part, std::size_t whole) { return std::to_string(part) + " of " + std::to_string(whole); }

std::string limit(unsigned percent) { return ", accepted up to " + std::to_string(percent) + " %"; }

gate_verdict judge_size(const symbol_table& next, const symbol_table* baseline, const gate_settings& settings) {
  const auto trading = next.trading_count();
  const auto listed = next.listed().size();
  if (trading == 0)
    return refuse(gate_reason::empty, "no symbol in TRADING among " + std::to_string(next.size()));
  for (const auto& name : settings.pinned)
    if (const auto* one = next.find(name); !one || one->status == symbol_status::gone)
      return refuse(gate_reason::pinned_missing, "pinned symbol " + name + " is missing");
  if (!baseline)
    return {};
  if (listed == 0 && !baseline->listed().empty())
    return refuse(gate_reason::empty, "nothing is listed where " + std::to_string(baseline->listed().size()) + " were");
  const auto accepted = ", accepted from " + std::to_string(settings.keep_percent_min) + " %";
  // A bare array holds what is listed and nothing else: only that can be compared.
  const bool is_bare = listed == next.size();
  if (!is_bare && trading * 100 < baseline->trading_count() * settings.keep_percent_min)
    return refuse(gate_reason::shrunk, share(trading, baseline->trading_count()) + " symbols in TRADING are left" + accepted);
  if (listed * 100 < baseline->listed().size() * settings.keep_percent_min)
    return refuse(gate_reason::shrunk, share(listed, baseline->listed().size()) + " listed symbols are left" + accepted);
  return {};
}

gate_verdict judge_rules(const symbol_table& next, const symbol_table* baseline, const gate_settings& settings) {
  const auto census = count_rules(next, baseline, settings.wild_factor);
  if (census.zero * 100 > next.trading_count() * settings.zero_percent_max)
    return refuse(gate_reason::zero_rules, share(census.zero, next.trading_count()) + " symbols have a tick or step of zero"
                                             + limit(settings.zero_percent_max));
  // A few symbols may well change together.
  if (census.common < common_min)
    return {};
  if (census.changed * 100 > census.common * settings.changed_percent_max)
    return refuse(gate_reason::rules_changed, share(census.changed, census.common) + " symbols changed their tick or step at once"
                                                + limit(settings.changed_percent_max));
  if (census.wild * 100 > census.common * settings.wild_percent_max)
    return refuse(gate_reason::rules_changed, share(census.wild, census.common) + " symbols changed their tick or step "
                                                + std::to_string(settings.wild_factor) + "-fold, or lost it, at once"
                                                + limit(settings.wild_percent_max));
  return {};
}

} // namespace

std::string_view to_string(gate_reason reason) noexcept {
  constexpr std::array<std::string_view, 7> names{"believed",   "empty",         "shrunk",                "pinned_missing",
                                                  "zero_rules", "rules_changed", "server_time_went_back"};
  return names[static_cast<std::size_t>(reason)];
}

gate_verdict judge_table(market which, const symbol_table& next, const symbol_table* baseline,
                         const gate_settings& settings) {
  if (auto verdict = judge_size(next, baseline, settings); !verdict.believed())
    return verdict;
  if (auto verdict = judge_rules(next, baseline, settings); !verdict.believed())
    return verdict;
  // Futures bodies carry an old time by nature.
  if (which == market::spot && baseline && next.server_time_ms() > 0 && next.server_time_ms() < baseline->server_time_ms())
    return refuse(gate_reason::server_time_went_back, "serverTime " + std::to_string(next.server_time_ms())
                                                        + " is before " + std::to_string(baseline->server_time_ms()));
  return {};
}

} // namespace holdfast

#include "runtime/plausibility_gate.hpp"

#include <algorithm>
#include <array>

#include "runtime/decimal_math.hpp"
#include "runtime/zero_rule.hpp"

namespace holdfast {

namespace {

constexpr std::size_t common_min = 10;
constexpr std::chrono::hours outdated_after{24};

gate_verdict refuse(gate_reason reason, std::string detail) { return {reason, std::move(detail)}; }

// What a list is: all that the exchange has, with rules, or another program's array.
enum class list_kind { whole, array };

enum class movement { none, changed, wild };

// a >= b * factor, exactly.
bool exceeds(decimal a, decimal b, unsigned factor) noexcept {
  const auto scale = std::max(a.scale, b.scale);
  return a.units * wide_powers_of_ten[scale - a.scale] / factor >= b.units * wide_powers_of_ten[scale - b.scale];
}

movement compare(const rule_value& before, const rule_value& now, unsigned wild_factor, list_kind kind) noexcept {
  if (before.present() && !now.present())
    return kind == list_kind::whole ? movement::wild : movement::none;
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

bool is_new_zero(const rule_value* before, const rule_value& now) noexcept { return is_zero(now) && !(before && is_zero(*before)); }

rule_census count_rules(const symbol_table& next, const symbol_table* baseline, unsigned wild_factor, list_kind kind) {
  rule_census census;
  for (const auto& one : next.symbols()) {
    if (!one.trading())
      continue;
    const auto* before = baseline ? baseline->find(one.name) : nullptr;
    const bool zero = is_new_zero(before ? &before->tick_size : nullptr, one.tick_size)
                      || is_new_zero(before ? &before->step_size : nullptr, one.step_size);
    census.zero += zero ? 1 : 0;
    if (!before)
      continue;
    const auto moved = std::max(compare(before->tick_size, one.tick_size, wild_factor, kind),
                                compare(before->step_size, one.step_size, wild_factor, kind));
    ++census.common;
    census.changed += moved != movement::none ? 1 : 0;
    census.wild += moved == movement::wild ? 1 : 0;
  }
  return census;
}

std::string share(std::size_t part, std::size_t whole) { return std::to_string(part) + " of " + std::to_string(whole); }

std::string limit(unsigned percent) { return ", accepted up to " + std::to_string(percent) + " %"; }

bool has(const symbol_table& table, std::string_view name) noexcept {
  const auto* one = table.find(name);
  return one && one->status != symbol_status::gone;
}

bool lists(const symbol_table& table, std::string_view name) {
  const auto* one = table.find(name);
  const auto listed = table.listed();
  return one && std::find(listed.begin(), listed.end(), table.id(*one)) != listed.end();
}

gate_verdict judge_pinned(const symbol_table& next, const symbol_table* baseline, const gate_settings& settings, list_kind kind) {
  for (const auto& name : settings.pinned)
    if (!has(next, name) && (kind == list_kind::whole || !baseline || lists(*baseline, name)))
      return refuse(gate_reason::pinned_missing, "pinned symbol " + name + " is missing");
  return {};
}

gate_verdict judge_size(const symbol_table& next, const symbol_table* baseline, const gate_settings& settings, list_kind kind) {
  const auto trading = next.trading_count();
  const auto listed = next.listed().size();
  if (!baseline)
    return {};
  if (listed == 0 && !baseline->listed().empty())
    return refuse(gate_reason::empty, "nothing is listed where " + std::to_string(baseline->listed().size()) + " were");
  const auto accepted = ", accepted from " + std::to_string(settings.keep_percent_min) + " %";
  if (kind == list_kind::whole && trading * 100 < baseline->trading_count() * settings.keep_percent_min)
    return refuse(gate_reason::shrunk, share(trading, baseline->trading_count()) + " symbols in TRADING are left" + accepted);
  if (listed * 100 < baseline->listed().size() * settings.keep_percent_min)
    return refuse(gate_reason::shrunk, share(listed, baseline->listed().size()) + " listed symbols are left" + accepted);
  return {};
}

gate_verdict judge_rules(const symbol_table& next, const symbol_table* baseline, const gate_settings& settings, list_kind kind) {
  const auto census = count_rules(next, baseline, settings.wild_factor, kind);
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

gate_verdict judge(const symbol_table& next, const symbol_table* baseline, const gate_settings& settings, list_kind kind) {
  if (next.trading_count() == 0)
    return refuse(gate_reason::empty, "no symbol in TRADING among " + std::to_string(next.size()));
  for (const auto check : {judge_pinned, judge_size, judge_rules})
    if (auto verdict = check(next, baseline, settings, kind); !verdict.believed())
      return verdict;
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
  if (auto verdict = judge(next, baseline, settings, list_kind::whole); !verdict.believed())
    return verdict;
  // Futures bodies carry an old time by nature.
  const auto least = settings.server_time_min_ms.value_or(baseline ? baseline->server_time_ms() : 0);
  if (which == market::spot && next.server_time_ms() > 0 && next.server_time_ms() < least)
    return refuse(gate_reason::server_time_went_back,
                  "serverTime " + std::to_string(next.server_time_ms()) + " is before " + std::to_string(least));
  return {};
}

followed_table judge_followed(market which, const judged_table& next, const judged_table& ours, gate_settings settings) {
  const bool ours_was_compared = ours.table && ours.judged_since && ours.fetched_at && *ours.judged_since < *ours.fetched_at;
  const bool is_older_line = ours_was_compared && next.judged_since && *next.judged_since <= *ours.judged_since;
  const bool ours_is_outdated = next.fetched_at && ours.fetched_at && *next.fetched_at - *ours.fetched_at > outdated_after;
  if (!ours_was_compared || is_older_line || ours_is_outdated)
    return {{}, next.judged_since};
  // Mirrors lag behind each other by a little, and an operator may have let go a pinned symbol.
  settings.server_time_min_ms = 0;
  std::erase_if(settings.pinned, [&](const auto& name) { return !has(*ours.table, name); });
  return {judge_table(which, *next.table, ours.table, settings), ours.judged_since};
}

gate_verdict judge_array(const symbol_table& array, const symbol_table* baseline, const gate_settings& settings) {
  return judge(array, baseline, settings, list_kind::array);
}

} // namespace holdfast

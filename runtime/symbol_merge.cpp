#include "runtime/symbol_merge.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "runtime/zero_rule.hpp"

namespace holdfast {

namespace {

constexpr std::uint32_t at_the_front = static_cast<std::uint32_t>(-1);

std::int64_t in_ms(wall_time at) { return std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count(); }

void mark_gone(symbol_draft& draft, std::int64_t since_ms) {
  draft.status_text = "GONE";
  draft.gone_since_ms = since_ms;
}

struct gone_symbol {
  const symbol* last;
  std::int64_t since_ms;
};

// By the dense id, in `next`, of the symbol behind which they stood.
using gone_symbols = std::map<std::uint32_t, std::vector<gone_symbol>>;

gone_symbols find_gone(const symbol_table& previous, const symbol_table& next, std::int64_t now_ms, std::int64_t keep_ms) {
  gone_symbols gone;
  auto behind = at_the_front;
  for (const auto& one : previous.symbols()) {
    if (const auto* still = next.find(one.name)) {
      behind = next.id(*still);
      continue;
    }
    const auto since = one.gone_since_ms > 0 ? one.gone_since_ms : now_ms;
    if (now_ms - since < keep_ms)
      gone[behind].push_back({&one, since});
  }
  return gone;
}

void add(symbol_table_builder& builder, const std::vector<gone_symbol>& gone) {
  for (const auto& one : gone) {
    auto draft = symbol_draft::copy(*one.last);
    mark_gone(draft, one.since_ms);
    builder.add(draft);
  }
}

// The fields that a bare array may have.
constexpr auto rules_of_an_array = std::to_array<std::string_view symbol_draft::*>(
  {&symbol_draft::contract_type, &symbol_draft::tick_size, &symbol_draft::step_size, &symbol_draft::min_quantity,
   &symbol_draft::max_quantity, &symbol_draft::min_notional});

// Ticks and steps of `now` that are none, while they were some.
bool keep_lost(symbol_draft& draft, const symbol& before, const symbol& now) {
  const auto last = symbol_draft::copy(before);
  const bool tick = was_lost(before.tick_size, now.tick_size);
  const bool step = was_lost(before.step_size, now.step_size);
  if (tick)
    draft.tick_size = last.tick_size;
  if (step)
    draft.step_size = last.step_size;
  return tick || step;
}

// `mend` changes the draft of a symbol that both lists have, and answers whether it did.
template <class Mend>
kept_rules mended(const symbol_table_ptr& previous, symbol_table_ptr next, const list_rules& rules, const Mend& mend) {
  const auto draft_of = [&](const symbol& one) {
    auto draft = symbol_draft::copy(one);
    const auto* before = previous ? previous->find(one.name) : nullptr;
    const bool changed = before && mend(draft, *before, one);
    return std::pair{draft, changed};
  };
  // Mostly there is nothing to mend, and nothing is built.
  const auto rows = next->symbols();
  const auto count = std::count_if(rows.begin(), rows.end(), [&](const auto& one) { return draft_of(one).second; });
  if (count == 0)
    return {std::move(next), 0};
  symbol_table_builder builder;
  builder.reserve(next->size());
  builder.server_time(next->server_time_ms());
  for (const auto& one : rows)
    builder.add(draft_of(one).first);
  return {builder.build(rules), static_cast<std::size_t>(count)};
}

void take_over(symbol_draft& draft, const symbol_draft& told) {
  draft.base_asset = told.base_asset;
  draft.quote_asset = told.quote_asset;
  draft.status_text = told.status_text;
  draft.gone_since_ms = 0;
  for (const auto field : rules_of_an_array)
    if (!(told.*field).empty())
      draft.*field = told.*field;
}

} // namespace

symbol_table_ptr merge_gone(const symbol_table_ptr& previous, symbol_table_ptr next, wall_time now, const list_rules& rules,
                            std::chrono::seconds keep_for) {
  if (!previous)
    return next;
  const auto gone = find_gone(*previous, *next, in_ms(now), std::chrono::milliseconds{keep_for}.count());
  if (gone.empty())
    return next;
  symbol_table_builder builder;
  builder.reserve(previous->size() + next->size());
  builder.server_time(next->server_time_ms());
  if (const auto first = gone.find(at_the_front); first != gone.end())
    add(builder, first->second);
  for (const auto& one : next->symbols()) {
    builder.add(symbol_draft::copy(one));
    if (const auto after = gone.find(next->id(one)); after != gone.end())
      add(builder, after->second);
  }
  return builder.build(rules);
}

symbol_table_ptr merge_bare(const symbol_table_ptr& known, symbol_table_ptr bare, wall_time now, const list_rules& rules) {
  if (!known)
    return bare;
  std::vector<bool> was_listed(known->size());
  for (const auto id : known->listed())
    was_listed[id] = true;
  symbol_table_builder builder;
  builder.reserve(known->size() + 16);
  builder.server_time(known->server_time_ms());
  for (const auto& one : known->symbols()) {
    auto draft = symbol_draft::copy(one);
    if (const auto* told = bare->find(one.name)) {
      take_over(draft, symbol_draft::copy(*told));
      keep_lost(draft, one, *told);
    } else if (was_listed[known->id(one)]) {
      mark_gone(draft, in_ms(now));
    }
    builder.add(draft);
  }
  for (const auto& one : bare->symbols())
    if (!known->find(one.name))
      builder.add(symbol_draft::copy(one));
  return builder.build(rules);
}

symbol_table_ptr keep_permissions(const symbol_table_ptr& previous, symbol_table_ptr next, const list_rules& rules) {
  const auto mend = [](symbol_draft& draft, const symbol& before, const symbol& now) {
    if (!now.permissions.empty() || before.permissions.empty())
      return false;
    draft.permissions = before.permissions;
    return true;
  };
  return mended(previous, std::move(next), rules, mend).table;
}

kept_rules keep_lost_rules(const symbol_table_ptr& previous, symbol_table_ptr next, const list_rules& rules) {
  return mended(previous, std::move(next), rules, keep_lost);
}

} // namespace holdfast

#include "runtime/symbol_merge.hpp"

#include <map>
#include <vector>

namespace holdfast {

namespace {

constexpr std::uint32_t at_the_front = static_cast<std::uint32_t>(-1);

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
    if (now_ms - since <= keep_ms)
      gone[behind].push_back({&one, since});
  }
  return gone;
}

void add(symbol_table_builder& builder, const std::vector<gone_symbol>& gone) {
  for (const auto& one : gone) {
    auto draft = symbol_draft::copy(*one.last);
    draft.status_text = "GONE";
    draft.gone_since_ms = one.since_ms;
    builder.add(draft);
  }
}

} // namespace

symbol_table_ptr merge_gone(const symbol_table_ptr& previous, symbol_table_ptr next, wall_time now, const list_rules& rules,
                            std::chrono::seconds keep_for) {
  using milliseconds = std::chrono::milliseconds;
  if (!previous)
    return next;
  const auto gone = find_gone(*previous, *next, std::chrono::floor<milliseconds>(now).time_since_epoch().count(),
                              milliseconds{keep_for}.count());
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

} // namespace holdfast

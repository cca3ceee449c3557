#include "runtime/symbol_diff.hpp"

#include <tuple>
#include <utility>

namespace holdfast {

namespace {

bool is_there(const symbol* one) noexcept { return one && one->status != symbol_status::gone; }

auto rules_of(const symbol& one) noexcept {
  return std::tie(one.base_asset, one.quote_asset, one.tick_size, one.step_size, one.min_quantity, one.max_quantity,
                  one.min_notional, one.min_price, one.max_price, one.contract_type, one.permissions, one.onboard_ms,
                  one.delivery_ms, one.base_precision, one.quote_precision, one.price_precision, one.quantity_precision);
}

} // namespace

symbol_diff symbol_diff::between(symbol_table_ptr previous, symbol_table_ptr next) {
  symbol_diff diff;
  for (const auto& now : next->symbols()) {
    if (!is_there(&now))
      continue;
    const auto id = next->id(now);
    const auto* before = previous ? previous->find(now.name) : nullptr;
    if (!is_there(before)) {
      diff.added.push_back(id);
      continue;
    }
    if (before->status_text != now.status_text)
      diff.status_changed.push_back(id);
    if (rules_of(*before) != rules_of(now))
      diff.rules_changed.push_back(id);
  }
  if (previous)
    for (const auto& before : previous->symbols())
      if (is_there(&before) && !is_there(next->find(before.name)))
        diff.removed.push_back(previous->id(before));
  diff.previous = std::move(previous);
  diff.next = std::move(next);
  return diff;
}

} // namespace holdfast

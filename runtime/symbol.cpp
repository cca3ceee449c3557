#include "runtime/symbol.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/decimal_math.hpp"

namespace holdfast {

namespace {

constexpr std::array<std::pair<std::string_view, symbol_status>, 17> status_names{{
  {"TRADING", symbol_status::trading},
  {"BREAK", symbol_status::break_},
  {"HALT", symbol_status::halt},
  {"END_OF_DAY", symbol_status::end_of_day},
  {"CANCEL_ONLY", symbol_status::cancel_only},
  {"PRE_TRADING", symbol_status::pre_trading},
  {"POST_TRADING", symbol_status::post_trading},
  {"AUCTION_MATCH", symbol_status::auction_match},
  {"PENDING_TRADING", symbol_status::pending_trading},
  {"SETTLING", symbol_status::settling},
  {"PRE_SETTLE", symbol_status::pre_settle},
  {"PRE_DELIVERING", symbol_status::pre_delivering},
  {"DELIVERING", symbol_status::delivering},
  {"DELIVERED", symbol_status::delivered},
  {"CLOSE", symbol_status::close},
  {"TRADING_HALT", symbol_status::trading_halt},
  {"GONE", symbol_status::gone},
}};

// `value` at `scale`, towards minus infinity.
wide at_scale(decimal value, unsigned scale) noexcept {
  if (value.scale <= scale)
    return value.units * wide_powers_of_ten[scale - value.scale];
  return floor_shift(value.units, value.scale - scale);
}

// Whether `value` is a whole number of increments; an increment of zero is a rule switched off.
bool on_grid(decimal value, const rule_value& increment) noexcept {
  if (!increment.present() || increment.units <= 0)
    return true;
  if (value.scale <= increment.scale()) {
    const wide scaled = at_scale(value, increment.scale());
    const auto narrow = static_cast<std::int64_t>(scaled); // a division of 128 bits is a call and slow
    return narrow == scaled ? narrow % increment.units == 0 : scaled % increment.units == 0;
  }
  const unsigned finer = value.scale - increment.scale();
  if (finer > decimal_scale_max)
    return value.units == 0;
  return value.units % (increment.units * wide_powers_of_ten[finer]) == 0;
}

// The largest whole number of increments that is not above `value`, at the increment's scale. Where that does not fit
// 64 bits, a multiple of 10^k increments at a scale coarser by k: still on the grid, still not above.
decimal floor_to_grid(decimal value, const rule_value& increment) noexcept {
  if (!increment.present() || increment.units <= 0)
    return value;
  for (unsigned scale = increment.scale() + 1u; scale-- > 0;) {
    const wide scaled = at_scale(value, scale);
    if (const auto narrow = static_cast<std::int64_t>(scaled); narrow == scaled && narrow >= 0)
      return {narrow - narrow % increment.units, static_cast<std::uint8_t>(scale)};
    const wide floored = floor_divide(scaled, increment.units) * increment.units;
    if (const auto units = static_cast<std::int64_t>(floored); units == floored)
      return {units, static_cast<std::uint8_t>(scale)};
  }
  return value;
}

// price * quantity >= least; the product is exact in 128 bits.
bool notional_reached(decimal price, decimal quantity, const rule_value& least) noexcept {
  const wide product = static_cast<wide>(price.units) * quantity.units;
  const unsigned scale = static_cast<unsigned>(price.scale) + quantity.scale;
  if (scale >= least.scale()) {
    const unsigned finer = scale - least.scale();
    return finer <= decimal_scale_max ? product >= least.units * wide_powers_of_ten[finer]
                                      : floor_shift(product, finer) >= least.units;
  }
  // Only as many digits as the product has can count.
  return product >= -floor_shift(-static_cast<wide>(least.units), least.scale() - scale);
}

} // namespace

symbol_status parse_symbol_status(std::string_view text) noexcept {
  for (const auto& [name, status] : status_names)
    if (name == text)
      return status;
  return symbol_status::unknown;
}

bool symbol::permits(std::span<const std::string_view> held) const noexcept {
  // What is before the first `mark`; `rest` goes on behind it.
  const auto take = [](std::string_view& rest, char mark) {
    const auto end = rest.find(mark);
    const auto head = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return head;
  };
  for (auto groups = permissions.view(); !groups.empty();) {
    bool offered = false;
    for (auto group = take(groups, '&'); !group.empty() && !offered;) {
      const auto one = take(group, '|');
      offered = std::find(held.begin(), held.end(), one) != held.end();
    }
    if (!offered)
      return false;
  }
  return true;
}

decimal symbol::round_price(decimal price) const noexcept {
  return floor_to_grid(price, tick_size);
}

decimal symbol::round_quantity(decimal quantity) const noexcept {
  return floor_to_grid(quantity, step_size);
}

broken_rule symbol::check_order(decimal price, decimal quantity) const noexcept {
  const auto broken = [](bool yes, broken_rule rule) { return yes ? rule : broken_rule::none; };
  auto set = broken(!trading(), broken_rule::not_trading);
  // A price bound of zero is switched off, as the exchange documents it.
  set = set | broken(min_price.present() && min_price.units > 0 && price < min_price.value(), broken_rule::price_too_low);
  set = set | broken(max_price.present() && max_price.units > 0 && price > max_price.value(), broken_rule::price_too_high);
  set = set | broken(!on_grid(price, tick_size), broken_rule::price_off_tick);
  set = set | broken(min_quantity.present() && quantity < min_quantity.value(), broken_rule::quantity_too_low);
  set = set | broken(max_quantity.present() && max_quantity.units > 0 && quantity > max_quantity.value(),
                     broken_rule::quantity_too_high);
  set = set | broken(!on_grid(quantity, step_size), broken_rule::quantity_off_step);
  set = set | broken(min_notional.present() && !notional_reached(price, quantity, min_notional),
                     broken_rule::notional_too_low);
  return set;
}

symbol_draft symbol_draft::copy(const symbol& of) noexcept {
  return {.name = of.name,
          .base_asset = of.base_asset,
          .quote_asset = of.quote_asset,
          .tick_size = of.tick_size.text(),
          .step_size = of.step_size.text(),
          .min_quantity = of.min_quantity.text(),
          .max_quantity = of.max_quantity.text(),
          .min_notional = of.min_notional.text(),
          .min_price = of.min_price.text(),
          .max_price = of.max_price.text(),
          .status_text = of.status_text,
          .contract_type = of.contract_type,
          .permissions = of.permissions,
          .onboard_ms = of.onboard_ms,
          .delivery_ms = of.delivery_ms,
          .gone_since_ms = of.gone_since_ms,
          .base_precision = of.base_precision,
          .quote_precision = of.quote_precision,
          .price_precision = of.price_precision,
          .quantity_precision = of.quantity_precision};
}

} // namespace holdfast

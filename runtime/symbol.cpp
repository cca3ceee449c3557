#include "runtime/symbol.hpp"

#include <array>
#include <utility>

namespace holdfast {

namespace {

__extension__ using wide = __int128;

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

// value - base, both brought to one scale; the scale of the answer.
struct offset {
  wide units;
  unsigned scale;
};

offset distance(decimal value, decimal base) noexcept {
  const unsigned scale = value.scale > base.scale ? value.scale : base.scale;
  return {static_cast<wide>(value.units) * power_of_ten(scale - value.scale)
            - static_cast<wide>(base.units) * power_of_ten(scale - base.scale),
          scale};
}

// Whether `value` is base plus a whole number of increments.
bool on_grid(decimal value, decimal base, const rule_value& increment) noexcept {
  if (!increment.present() || increment.units <= 0)
    return true;
  const auto [units, scale] = distance(value, base);
  if (scale <= increment.scale)
    return units * power_of_ten(increment.scale - scale) % increment.units == 0;
  return units % (static_cast<wide>(increment.units) * power_of_ten(scale - increment.scale)) == 0;
}

// The largest base + n * increment that is not above `value`.
decimal floor_to_grid(decimal value, decimal base, const rule_value& increment) noexcept {
  if (!increment.present() || increment.units <= 0)
    return value;
  // The grid's own scale: fine enough for base and increment.
  const unsigned scale = base.scale > increment.scale ? base.scale : increment.scale;
  const wide step = static_cast<wide>(increment.units) * power_of_ten(scale - increment.scale);
  const wide origin = static_cast<wide>(base.units) * power_of_ten(scale - base.scale);
  wide units = 0;
  if (value.scale <= scale) {
    units = static_cast<wide>(value.units) * power_of_ten(scale - value.scale);
  } else {
    const wide divisor = power_of_ten(value.scale - scale);
    units = value.units / divisor - (value.units % divisor < 0 ? 1 : 0);
  }
  const wide above = units - origin;
  const wide remainder = above % step;
  const wide floored = units - (remainder < 0 ? remainder + step : remainder);
  return {static_cast<std::int64_t>(floored), static_cast<std::uint8_t>(scale)};
}

decimal grid_base(const rule_value& lowest) noexcept { return lowest.present() ? lowest.value() : decimal{}; }

bool notional_reached(decimal price, decimal quantity, const rule_value& least) noexcept {
  // price * quantity has up to 126 bits; the least notional is brought to its scale where that fits, else the other way.
  const wide notional = static_cast<wide>(price.units) * quantity.units;
  const unsigned scale = static_cast<unsigned>(price.scale) + quantity.scale;
  if (scale >= least.scale) {
    const unsigned by = scale - least.scale;
    if (by <= 18)
      return notional >= static_cast<wide>(least.units) * power_of_ten(by);
    return notional / power_of_ten(by - 18) >= static_cast<wide>(least.units) * power_of_ten(18);
  }
  // Integer division floors: floor(notional * 10^d) >= least is what is asked; multiply while it fits.
  const wide factor = power_of_ten(least.scale - scale);
  return notional >= (least.units + factor - 1) / factor;
}

} // namespace

symbol_status parse_symbol_status(std::string_view text) noexcept {
  for (const auto& [name, status] : status_names)
    if (name == text)
      return status;
  return symbol_status::unknown;
}

bool symbol::permits(std::string_view permission) const noexcept {
  // Every group must offer it; groups are joined by '&', alternatives within a group by '|'.
  auto groups = permissions;
  while (!groups.empty()) {
    const auto end = groups.find('&');
    auto group = groups.substr(0, end);
    groups = end == std::string_view::npos ? std::string_view{} : groups.substr(end + 1);
    bool offered = false;
    while (!group.empty() && !offered) {
      const auto stop = group.find('|');
      offered = group.substr(0, stop) == permission;
      group = stop == std::string_view::npos ? std::string_view{} : group.substr(stop + 1);
    }
    if (!offered)
      return false;
  }
  return true;
}

decimal symbol::round_price(decimal price) const noexcept {
  return floor_to_grid(price, grid_base(min_price), tick_size);
}

decimal symbol::round_quantity(decimal quantity) const noexcept {
  return floor_to_grid(quantity, grid_base(min_quantity), step_size);
}

broken_rule symbol::check_order(decimal price, decimal quantity) const noexcept {
  const auto broken = [](bool yes, broken_rule rule) { return yes ? rule : broken_rule::none; };
  auto set = broken(!trading(), broken_rule::not_trading);
  // A price bound of zero is switched off, as the exchange documents it.
  set = set | broken(min_price.present() && min_price.units > 0 && price < min_price.value(), broken_rule::price_too_low);
  set = set | broken(max_price.present() && max_price.units > 0 && price > max_price.value(), broken_rule::price_too_high);
  set = set | broken(!on_grid(price, grid_base(min_price), tick_size), broken_rule::price_off_tick);
  set = set | broken(min_quantity.present() && quantity < min_quantity.value(), broken_rule::quantity_too_low);
  set = set | broken(max_quantity.present() && max_quantity.units > 0 && quantity > max_quantity.value(),
                     broken_rule::quantity_too_high);
  set = set | broken(!on_grid(quantity, grid_base(min_quantity), step_size), broken_rule::quantity_off_step);
  set = set | broken(min_notional.present() && !notional_reached(price, quantity, min_notional),
                     broken_rule::notional_too_low);
  return set;
}

} // namespace holdfast

// One symbol of the exchange with its trading rules, as a symbol_table keeps it.
//
// Life     every view points into the table that the symbol belongs to and dies with it.
// Errors   none: a rule that the exchange did not give, or gave in a way that is no decimal, is simply absent.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <holdfast/runtime/decimal.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/shared_text.hpp>

namespace holdfast {

// `unknown`: a status that this version has no name for; symbol::status_text tells it.
// `gone`: the exchange lists the symbol no more; the rules are the last ones known.
enum class symbol_status : std::uint8_t {
  unknown, trading, end_of_day, halt, break_, cancel_only, pre_trading, post_trading, auction_match, pending_trading,
  settling, pre_settle, pre_delivering, delivering, delivered, close, trading_halt, gone,
};

// As the exchange spells it, "TRADING" for one; `unknown` for any other text.
HOLDFAST_EXPORT symbol_status parse_symbol_status(std::string_view text) noexcept;

// What an order breaks; combine with `|`, test with has().
enum class broken_rule : std::uint16_t {
  none = 0,
  not_trading = 1 << 0,
  price_too_low = 1 << 1,
  price_too_high = 1 << 2,
  price_off_tick = 1 << 3,
  quantity_too_low = 1 << 4,
  quantity_too_high = 1 << 5,
  quantity_off_step = 1 << 6,
  notional_too_low = 1 << 7,
};
// All that is broken in either.
constexpr broken_rule operator|(broken_rule a, broken_rule b) noexcept {
  return static_cast<broken_rule>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
// Whether `one`, or one of those in it, is among those of `set`.
constexpr bool has(broken_rule set, broken_rule one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

struct HOLDFAST_EXPORT symbol {
  std::string_view name; // as the exchange spells it: "BTCUSDT", "BTCUSDT_260327"
  std::string_view base_asset;  // empty, and the symbol not listed, where the exchange gave no clean text
  std::string_view quote_asset; // likewise
  rule_value tick_size; // prices are whole numbers of it; in the quote asset
  rule_value step_size; // quantities are whole numbers of it; in the base asset
  rule_value min_quantity; // in the base asset
  rule_value max_quantity; // likewise
  rule_value min_notional; // MIN_NOTIONAL or NOTIONAL, spot's `minNotional` or futures' `notional`; the stricter of both
  rule_value min_price; // in the quote asset; zero: switched off
  rule_value max_price; // likewise
  shared_text status_text; // as the exchange spells it, also where `status` is unknown
  shared_text contract_type; // empty: not a future, or not told
  shared_text permissions;   // "SPOT|MARGIN&TRD_GRP_005": groups joined by '&', alternatives by '|'
  std::int64_t onboard_ms = 0;    // Unix milliseconds; 0: not told
  std::int64_t delivery_ms = 0;   // Unix milliseconds; 0: not told
  std::int64_t gone_since_ms = 0; // Unix milliseconds at which a GONE symbol was missed first; 0: it is there
  std::uint8_t base_precision = 0; // digits after the point, as told; no rule of orders
  std::uint8_t quote_precision = 0; // likewise
  std::uint8_t price_precision = 0;    // futures; not the tick size
  std::uint8_t quantity_precision = 0; // futures
  symbol_status status = symbol_status::unknown; // what status_text means

  bool trading() const noexcept { return status == symbol_status::trading; } // in TRADING, listed or not

  // Whether an account that holds these permissions may trade it: every group offers one of them. True where the
  // exchange names none.
  bool permits(std::span<const std::string_view> held) const noexcept;
  // The same for a single one.
  bool permits(std::string_view permission) const noexcept { return permits({&permission, 1}); }

  // Down to a whole number of ticks (of steps), at the tick's scale; unchanged where the exchange gives none or zero,
  // which switches the rule off. A result beyond 64 bits at that scale is rounded further, to what fits.
  decimal round_price(decimal price) const noexcept;
  // As round_price, by steps.
  decimal round_quantity(decimal quantity) const noexcept;
  // Every rule that a limit order would break. Price bounds of zero are switched off.
  broken_rule check_order(decimal price, decimal quantity) const noexcept;
};

// What a symbol is made from, in the exchange's own spelling: texts that need not outlive symbol_table_builder::add().
struct HOLDFAST_EXPORT symbol_draft {
  std::string_view name; // 1 to 64 bytes of clean UTF-8; else it is refused
  std::string_view base_asset; // empty or not clean UTF-8: added, but never listed
  std::string_view quote_asset; // likewise
  std::string_view tick_size; // rules are decimal texts; empty: there is no such rule
  std::string_view step_size; // of quantities, in the base asset; empty: none, as for the next five
  std::string_view min_quantity; // in the base asset
  std::string_view max_quantity; // in the base asset; zero: switched off
  std::string_view min_notional; // price times quantity, in the quote asset
  std::string_view min_price; // in the quote asset; zero: switched off
  std::string_view max_price; // likewise
  std::string_view status_text; // "TRADING" for one; what has no name here makes symbol_status::unknown
  std::string_view contract_type; // "PERPETUAL" for one; empty: not a future, or not told
  std::string_view permissions; // as in symbol::permissions; empty: the exchange names none
  std::int64_t onboard_ms = 0; // times are Unix milliseconds; 0: not told
  std::int64_t delivery_ms = 0; // when the contract ends; 0: not told
  std::int64_t gone_since_ms = 0; // when it was missed first; 0: the exchange lists it
  std::uint8_t base_precision = 0; // digits after the point; 0 also where not told, as for the next three
  std::uint8_t quote_precision = 0; // digits after the point
  std::uint8_t price_precision = 0; // digits after the point; futures only
  std::uint8_t quantity_precision = 0; // likewise

  // As `of` was written.
  static symbol_draft copy(const symbol& of) noexcept;
};

} // namespace holdfast

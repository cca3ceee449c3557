#include "runtime/exchange_info_fields.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast {

namespace {

using enum info_field;

constexpr auto fields = std::to_array<std::pair<std::string_view, info_field>>({
  {"symbol", name}, {"status", status}, {"contractStatus", contract_status}, {"contractType", contract_type},
  {"baseAsset", base_asset}, {"quoteAsset", quote_asset}, {"baseAssetPrecision", base_precision},
  {"quoteAssetPrecision", quote_precision}, {"quotePrecision", quote_precision}, {"pricePrecision", price_precision},
  {"quantityPrecision", quantity_precision}, {"onboardDate", onboard}, {"deliveryDate", delivery}, {"filters", filters},
  {"permissions", permissions}, {"permissionSets", permission_sets}, {"filterType", filter_type},
  {"minPrice", min_price}, {"maxPrice", max_price}, {"tickSize", tick_size}, {"minQty", min_quantity},
  {"maxQty", max_quantity}, {"stepSize", step_size}, {"minNotional", min_notional}, {"notional", min_notional},
  {"serverTime", server_time}, {"rateLimits", rate_limits}, {"symbols", symbols}, {"code", code}, {"msg", message},
  {"rateLimitType", limit_type}, {"limit", limit}, {"interval", interval}, {"intervalNum", interval_number},
});

// Known, and of no use here.
constexpr auto ignored_fields = std::to_array<std::string_view>({
  "pair", "marginAsset", "maintMarginPercent", "requiredMarginPercent", "underlyingType", "underlyingSubType",
  "settlePlan", "triggerProtect", "liquidationFee", "marketTakeBound", "maxMoveOrderLimit", "orderTypes", "OrderType",
  "timeInForce", "icebergAllowed", "ocoAllowed", "otoAllowed", "opoAllowed", "quoteOrderQtyMarketAllowed",
  "allowTrailingStop", "cancelReplaceAllowed", "amendAllowed", "pegInstructionsAllowed", "isSpotTradingAllowed",
  "isMarginTradingAllowed", "baseCommissionPrecision", "quoteCommissionPrecision", "defaultSelfTradePreventionMode",
  "allowedSelfTradePreventionModes", "contractSize", "equalQtyPrecision",
  // of filters
  "multiplierUp", "multiplierDown", "multiplierDecimal", "avgPriceMins", "bidMultiplierUp", "bidMultiplierDown",
  "askMultiplierUp", "askMultiplierDown", "applyToMarket", "applyMinToMarket", "applyMaxToMarket", "maxNotional",
  "maxNumOrders", "maxNumAlgoOrders", "maxNumIcebergOrders", "maxNumOrderLists", "maxNumOrderAmends", "maxPosition",
  "minTrailingAboveDelta", "maxTrailingAboveDelta", "minTrailingBelowDelta", "maxTrailingBelowDelta",
  "positionControlSide", "endTime",
  // of the body
  "timezone", "futuresType", "exchangeFilters", "assets", "sors",
});

constexpr auto filter_types = std::to_array<std::string_view>({
  "PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MIN_NOTIONAL", "NOTIONAL", "PERCENT_PRICE", "PERCENT_PRICE_BY_SIDE",
  "ICEBERG_PARTS", "MAX_NUM_ORDERS", "MAX_NUM_ALGO_ORDERS", "MAX_NUM_ICEBERG_ORDERS", "MAX_POSITION",
  "TRAILING_DELTA", "MAX_NUM_ORDER_LISTS", "MAX_NUM_ORDER_AMENDS", "POSITION_RISK_CONTROL", "T_PLUS_SELL",
});

constexpr auto contract_types = std::to_array<std::string_view>({
  "", "PERPETUAL", "CURRENT_MONTH", "NEXT_MONTH", "CURRENT_QUARTER", "NEXT_QUARTER", "TRADIFI_PERPETUAL",
  "PERPETUAL DELIVERING", "CURRENT_QUARTER DELIVERING", "NEXT_QUARTER DELIVERING",
});

template <class Names>
bool contains(const Names& names, std::string_view text) noexcept {
  return std::find(names.begin(), names.end(), text) != names.end();
}

} // namespace

info_field find_info_field(std::string_view key) noexcept {
  for (const auto& [text, field] : fields)
    if (text == key)
      return field;
  return contains(ignored_fields, key) ? ignored : unknown;
}

bool is_known_filter(std::string_view type) noexcept { return contains(filter_types, type); }

bool is_known_contract_type(std::string_view type) noexcept { return contains(contract_types, type); }

} // namespace holdfast

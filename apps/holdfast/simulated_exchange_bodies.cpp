#include <array>
#include <chrono>
#include <random>

#include "apps/holdfast/simulated_exchange.hpp"

namespace holdfast {

namespace {

using text = std::string;

constexpr std::array known_assets{"BTC", "ETH", "BNB", "SOL", "ADA", "AVAX", "DOT", "MATIC", "LINK", "UNI", "XRP", "DOGE"};
constexpr std::array quotes{"USDT", "USDC", "BTC", "EUR", "TRY", "FDUSD"};
constexpr std::array strange{"币安人生", "我踏马来了", "龙虾", "1000SHIB", "4"};

text asset_name(std::size_t number, std::mt19937_64& random) {
  if (number < known_assets.size())
    return known_assets[number];
  if (number < known_assets.size() + strange.size())
    return strange[number - known_assets.size()];
  text name;
  for (int i = 0; i < 3; ++i)
    name += static_cast<char>('A' + random() % 26);
  return name + std::to_string(number);
}

text quoted(const text& name, const text& value) { return '"' + name + "\":\"" + value + '"'; }

text spot_filters(int scale) {
  const text tick = "0." + text(static_cast<std::size_t>(scale), '0') + "1" + text(static_cast<std::size_t>(7 - scale), '0');
  return "\"filters\":[{" + quoted("filterType", "PRICE_FILTER") + ',' + quoted("minPrice", tick) + ','
         + quoted("maxPrice", "1000000.00000000") + ',' + quoted("tickSize", tick) + "},{" + quoted("filterType", "LOT_SIZE")
         + ',' + quoted("minQty", "0.00001000") + ',' + quoted("maxQty", "9000.00000000") + ','
         + quoted("stepSize", "0.00001000") + "},{" + quoted("filterType", "ICEBERG_PARTS") + ",\"limit\":100},{"
         + quoted("filterType", "NOTIONAL") + ',' + quoted("minNotional", "5.00000000")
         + ",\"applyMinToMarket\":true," + quoted("maxNotional", "9000000.00000000")
         + ",\"applyMaxToMarket\":false,\"avgPriceMins\":5},{" + quoted("filterType", "MAX_NUM_ORDER_LISTS")
         + ",\"maxNumOrderLists\":20}]";
}

text spot_symbol(const text& base, const text& quote, std::mt19937_64& random) {
  const auto dice = random() % 100;
  const text status = dice < 70 ? "TRADING" : dice < 98 ? "BREAK" : dice < 99 ? "HALT" : "CANCEL_ONLY";
  return '{' + quoted("symbol", base + quote) + ',' + quoted("status", status) + ',' + quoted("baseAsset", base)
         + ",\"baseAssetPrecision\":8," + quoted("quoteAsset", quote)
         + ",\"quotePrecision\":8,\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,\"quoteCommissionPrecision\":8,"
           "\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\"],\"icebergAllowed\":true,\"ocoAllowed\":true,"
           "\"otoAllowed\":true,\"isSpotTradingAllowed\":true,\"isMarginTradingAllowed\":false,"
         + spot_filters(static_cast<int>(random() % 7))
         + ",\"permissions\":[],\"permissionSets\":[[\"SPOT\",\"TRD_GRP_004\",\"TRD_GRP_005\"]],"
           "\"defaultSelfTradePreventionMode\":\"EXPIRE_MAKER\",\"allowedSelfTradePreventionModes\":[\"EXPIRE_MAKER\"]}";
}

text futures_symbol(const text& base, const text& contract, std::mt19937_64& random) {
  const auto dice = random() % 100;
  const text status = dice < 90 ? "TRADING" : dice < 96 ? "SETTLING" : "PENDING_TRADING";
  const bool dated = contract == "CURRENT_QUARTER";
  const auto name = base + "USDT" + (dated ? "_270326" : "");
  return '{' + quoted("symbol", name) + ',' + quoted("pair", base + "USDT") + ','
         + quoted("contractType", status == "PENDING_TRADING" ? "" : contract)
         + ",\"deliveryDate\":4133404800000,\"onboardDate\":1569398400000," + quoted("status", status) + ','
         + quoted("baseAsset", base) + ',' + quoted("quoteAsset", "USDT") + ',' + quoted("marginAsset", "USDT")
         + ",\"pricePrecision\":4,\"quantityPrecision\":1,\"baseAssetPrecision\":8,\"quotePrecision\":8,"
           "\"filters\":[{\"tickSize\":\"0.0001\",\"maxPrice\":\"100000\",\"filterType\":\"PRICE_FILTER\",\"minPrice\":"
           "\"0.0143\"},{\"minQty\":\"0.1\",\"filterType\":\"LOT_SIZE\",\"stepSize\":\"0.1\",\"maxQty\":\"10000000\"},"
           "{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"5\"},{\"positionControlSide\":\"NONE\",\"filterType\":"
           "\"POSITION_RISK_CONTROL\"}],\"orderTypes\":[\"LIMIT\",\"MARKET\"],\"timeInForce\":[\"GTC\",\"IOC\"],"
           "\"permissionSets\":[\"GRID\",\"COPY\"]}";
}

} // namespace

std::string make_exchange_body(market which, std::uint64_t seed, std::size_t symbols) {
  std::mt19937_64 random{seed * 2 + index(which)};
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()).time_since_epoch();
  std::string body = "{\"timezone\":\"UTC\",\"serverTime\":" + std::to_string(now.count())
                     + ",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":"
                     + (which == market::spot ? "6000" : "2400") + "}],\"exchangeFilters\":[],\"symbols\":[";
  for (std::size_t i = 0; i < symbols; ++i) {
    if (i > 0)
      body += ',';
    if (which == market::spot) {
      const auto base = asset_name(i / quotes.size(), random);
      body += spot_symbol(base == quotes[i % quotes.size()] ? base + "X" : base, quotes[i % quotes.size()], random);
    } else {
      constexpr std::array contracts{"PERPETUAL", "PERPETUAL", "TRADIFI_PERPETUAL"};
      body += i % 50 == 49 ? futures_symbol(known_assets[i / 50 % known_assets.size()], "CURRENT_QUARTER", random)
                           : futures_symbol(asset_name(i, random), contracts[i % contracts.size()], random);
    }
  }
  return body + "]}";
}

} // namespace holdfast

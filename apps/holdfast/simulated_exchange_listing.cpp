#include "apps/holdfast/simulated_exchange_listing.hpp"

#include <algorithm>
#include <array>

namespace holdfast {

namespace {

constexpr std::array known_assets{"BTC", "ETH", "BNB", "SOL", "ADA", "AVAX", "DOT", "MATIC", "LINK", "UNI", "XRP", "DOGE"};
constexpr std::array odd_assets{"币安人生", "我踏马来了", "龙虾", "1000SHIB", "4"};
constexpr std::array quotes{"USDT", "USDC", "BTC", "EUR", "TRY", "FDUSD"};
constexpr int futures_per_dated = 50;

std::string quoted(std::string_view name, std::string_view value) {
  return std::string{"\""}.append(name).append("\":\"").append(value).append("\"");
}

std::string tick_of(int scale, bool zero) {
  auto text = "0." + std::string(8, '0');
  if (!zero)
    text[static_cast<std::size_t>(scale) + 1] = '1';
  return text;
}

std::string spot_filters(const simulated_symbol& one, const body_telling& how) {
  const auto tick = tick_of(one.tick_scale, how.zero_ticks);
  std::string text = "{" + quoted("filterType", "PRICE_FILTER") + ',' + quoted("minPrice", tick) + ','
                     + quoted("maxPrice", "1000000.00000000") + ',' + quoted("tickSize", tick)
                     + R"(},{"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},)"
                       R"({"filterType":"ICEBERG_PARTS","limit":100},)";
  if (one.market_lot > 0)
    text += R"({"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":")" + std::to_string(one.market_lot)
            + R"(.27395916","stepSize":"0.00000000"},)";
  text += R"({"filterType":"TRAILING_DELTA","minTrailingAboveDelta":10,"maxTrailingAboveDelta":2000,"minTrailingBelowDelta":10,)"
          R"("maxTrailingBelowDelta":2000},{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2",)"
          R"("askMultiplierUp":"5","askMultiplierDown":"0.2","avgPriceMins":5},{"filterType":"NOTIONAL",)"
          R"("minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,)"
          R"("avgPriceMins":5},{"filterType":"MAX_NUM_ORDERS","maxNumOrders":200},{"filterType":"MAX_NUM_ORDER_LISTS",)"
          R"("maxNumOrderLists":20},{"filterType":"MAX_NUM_ALGO_ORDERS","maxNumAlgoOrders":5},)"
          R"({"filterType":"MAX_NUM_ORDER_AMENDS","maxNumOrderAmends":10})";
  return text;
}

std::string permission_sets() {
  std::string text = R"([["SPOT","MARGIN")";
  for (int group = 4; group < 26; ++group)
    text += std::string{R"(,"TRD_GRP_0)"} + (group < 10 ? "0" : "") + std::to_string(group) + '"';
  return text + "]]";
}

std::string spot_row(const simulated_symbol& one, const body_telling& how) {
  static const auto sets = permission_sets();
  return '{' + quoted("symbol", one.name) + ',' + quoted("status", one.status) + ',' + quoted("baseAsset", one.base)
         + R"(,"baseAssetPrecision":8,)" + quoted("quoteAsset", one.quote)
         + R"(,"quotePrecision":8,"quoteAssetPrecision":8,"baseCommissionPrecision":8,"quoteCommissionPrecision":8,)"
           R"("orderTypes":["LIMIT","LIMIT_MAKER","MARKET","STOP_LOSS","STOP_LOSS_LIMIT","TAKE_PROFIT","TAKE_PROFIT_LIMIT"],)"
           R"("icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,"opoAllowed":true,"quoteOrderQtyMarketAllowed":true,)"
           R"("allowTrailingStop":true,"cancelReplaceAllowed":true,"amendAllowed":true,"pegInstructionsAllowed":true,)"
           R"("isSpotTradingAllowed":true,"isMarginTradingAllowed":false,"filters":[)"
         + spot_filters(one, how) + (how.unknown_names ? R"(,{"filterType":"FILTER_OF_TOMORROW","limit":1})" : "")
         + R"(],"permissions":[],"permissionSets":)" + (how.permission_sets ? sets : "[]")
         + R"(,"defaultSelfTradePreventionMode":"EXPIRE_MAKER","allowedSelfTradePreventionModes":)"
           R"(["EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH","DECREMENT","TRANSFER"])"
         + (how.unknown_names ? R"(,"fieldOfTomorrow":{"a":[1]}})" : "}");
}

std::string futures_row(const simulated_symbol& one, const body_telling& how) {
  return '{' + quoted("symbol", one.name) + ',' + quoted("pair", one.base + one.quote) + ','
         + quoted("contractType", one.contract) + R"(,"deliveryDate":4133404800000,"onboardDate":1569398400000,)"
         + quoted("status", one.status) + R"(,"maintMarginPercent":"2.5000","requiredMarginPercent":"5.0000",)"
         + quoted("baseAsset", one.base) + ',' + quoted("quoteAsset", one.quote) + ',' + quoted("marginAsset", one.quote)
         + R"(,"pricePrecision":4,"quantityPrecision":1,"baseAssetPrecision":8,"quotePrecision":8,"underlyingType":"COIN",)"
           R"("underlyingSubType":["PoW"],"triggerProtect":"0.0500","liquidationFee":"0.012500","marketTakeBound":"0.05",)"
           R"("maxMoveOrderLimit":10000,"filters":[{)"
         + quoted("tickSize", tick_of(one.tick_scale, how.zero_ticks))
         + R"(,"maxPrice":"100000","filterType":"PRICE_FILTER","minPrice":"0.0143"},{"minQty":"0.1","filterType":"LOT_SIZE",)"
           R"("stepSize":"0.1","maxQty":"10000000"},{"filterType":"MARKET_LOT_SIZE","stepSize":"0.1","maxQty":")"
         + std::to_string(one.market_lot) + R"(","minQty":"0.1"},{"filterType":"MAX_NUM_ORDERS","limit":200},)"
           R"({"filterType":"MIN_NOTIONAL","notional":"5"},{"multiplierDown":"0.9500","multiplierUp":"1.0500",)"
           R"("filterType":"PERCENT_PRICE","multiplierDecimal":"4"},{"positionControlSide":"NONE",)"
           R"("filterType":"POSITION_RISK_CONTROL"})"
         + (how.unknown_names ? R"(,{"filterType":"FILTER_OF_TOMORROW","limit":1})" : "")
         + R"(],"orderTypes":["LIMIT","MARKET","STOP"],"timeInForce":["GTC","IOC","FOK","GTX","GTD"],)"
           R"("permissionSets":["GRID","COPY"])"
         + (how.unknown_names ? R"(,"fieldOfTomorrow":{"a":[1]}})" : "}");
}

std::string head_of(market which, const body_telling& how) {
  const bool spot = which == market::spot;
  const auto limit = std::to_string(how.weight_limit > 0 ? how.weight_limit : spot ? 6000 : 2400);
  const auto begin = R"({"timezone":"UTC","serverTime":)" + std::to_string(how.server_time_ms)
                     + (spot ? "" : R"(,"futuresType":"U_MARGINED")")
                     + R"(,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":)" + limit;
  if (spot)
    return begin
           + R"(},{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},{"rateLimitType":"ORDERS",)"
             R"("interval":"DAY","intervalNum":1,"limit":200000},{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE",)"
             R"("intervalNum":5,"limit":300000}],"exchangeFilters":[],"symbols":[)";
  return begin
         + R"(},{"rateLimitType":"ORDERS","interval":"MINUTE","intervalNum":1,"limit":1200}],"exchangeFilters":[],)"
           R"("assets":[{"asset":"USDT","marginAvailable":true,"autoAssetExchange":"-10000"}],"symbols":[)";
}

// Each costs itself alone, never the rows around it.
void write_bad_rows(const body_sink& sink, const std::string& good_row) {
  sink(R"(null,7,"text",[],{},{"symbol":null},{"symbol":"","status":"TRADING"},{"symbol":12,"status":"TRADING"},)");
  sink(R"({"symbol":"ODDUSDT","status":"BREAK","baseAsset":{"a":1},"quoteAsset":["b"],"filters":null},{"symbol":{"a":[]},"filters":{"b":[]}},)");
  sink(R"({"symbol":"NESTEDUSDT","status":"BREAK","fieldOfDepth":)");
  constexpr std::size_t depth = 100'000;
  sink(std::string(depth, '[') + std::string(depth, ']') + "},");
  sink(good_row + ','); // a name that comes twice
}

} // namespace

simulated_listing::simulated_listing(market which, std::uint64_t seed, std::size_t symbols)
  : which_{which}, random_{seed * market_count + index(which)} {
  symbols_.reserve(symbols);
  std::string base;
  while (symbols_.size() < symbols) {
    const auto at = symbols_.size();
    const bool spot = which == market::spot;
    const auto number = spot ? at / quotes.size() : at;
    const bool new_base = !spot || at % quotes.size() == 0;
    if (new_base)
      base = number < known_assets.size()                       ? known_assets[number]
             : number < known_assets.size() + odd_assets.size() ? odd_assets[number - known_assets.size()]
                                                                : fresh_asset();
    const auto dice = random_() % 100;
    const bool fixed = number < known_assets.size() + odd_assets.size();
    if (spot) {
      const std::string quote = quotes[at % quotes.size()];
      add(base == quote ? base + 'X' : base, quote,
          (fixed && quote == "USDT") || dice < 70 ? "TRADING" : dice < 98 ? "BREAK" : dice < 99 ? "HALT" : "CANCEL_ONLY", {},
          fixed && quote == "USDT");
    } else if (at % futures_per_dated == futures_per_dated - 1) {
      add(known_assets[at / futures_per_dated % known_assets.size()], "USDT", "TRADING", "CURRENT_QUARTER", false);
    } else {
      const bool pending = !fixed && dice >= 96;
      add(base, "USDT", fixed || dice < 90 ? "TRADING" : pending ? "PENDING_TRADING" : "SETTLING",
          pending ? "" : at % 12 == 7 ? "TRADIFI_PERPETUAL" : "PERPETUAL", fixed);
    }
  }
}

std::string simulated_listing::fresh_asset() {
  for (;;) {
    std::string name;
    for (auto letters = 3 + random_() % 3; letters > 0; --letters)
      name += static_cast<char>('A' + random_() % 26);
    if (assets_.insert(name).second)
      return name;
  }
}

void simulated_listing::add(std::string base, std::string quote, std::string status, std::string contract, bool fixed) {
  simulated_symbol one;
  one.name = base + quote + (contract == "CURRENT_QUARTER" ? "_270326" : "");
  while (!names_.insert(one.name).second)
    one.name += 'X';
  one.base = std::move(base);
  one.quote = std::move(quote);
  one.status = std::move(status);
  one.contract = std::move(contract);
  one.tick_scale = static_cast<int>(1 + random_() % 7);
  one.market_lot = random_() % 40 == 0 ? 0 : static_cast<std::uint32_t>(100 + random_() % 100'000);
  one.fixed = fixed;
  symbols_.push_back(std::move(one));
}

void simulated_listing::list_another() {
  add(fresh_asset(), "USDT", "TRADING", which_ == market::spot ? "" : "PERPETUAL", false);
}

std::size_t simulated_listing::any_loose_symbol() {
  const auto begin = random_() % symbols_.size();
  for (std::size_t i = 0; i < symbols_.size(); ++i)
    if (const auto at = (begin + i) % symbols_.size(); !symbols_[at].fixed)
      return at;
  return symbols_.size();
}

// Spot keeps what is delisted as BREAK for years; futures settle it and let it go.
void simulated_listing::take_one_off() {
  const auto at = any_loose_symbol();
  if (at == symbols_.size())
    return;
  auto& one = symbols_[at];
  if (which_ == market::spot)
    one.status = "BREAK";
  else if (one.status == "SETTLING")
    symbols_.erase(symbols_.begin() + static_cast<std::ptrdiff_t>(at));
  else
    one.status = "SETTLING";
}

void simulated_listing::change(unsigned changes) {
  for (; changes > 0; --changes) {
    const auto kind = random_() % 4;
    const auto at = any_loose_symbol();
    if (kind == 0 || at == symbols_.size())
      list_another();
    else if (kind == 1)
      take_one_off();
    else if (kind == 2)
      symbols_[at].status = symbols_[at].status == "TRADING" ? "HALT" : "TRADING";
    else
      symbols_[at].tick_scale = symbols_[at].tick_scale % 7 + 1;
  }
}

void simulated_listing::move_market_lots() {
  for (auto& one : symbols_)
    if (one.market_lot > 0 && random_() % 3 > 0)
      one.market_lot = static_cast<std::uint32_t>(100 + random_() % 100'000);
}

void simulated_listing::write(const body_sink& sink, const body_telling& how) const {
  sink(head_of(which_, how));
  const auto row = [&](const simulated_symbol& one) {
    return which_ == market::spot ? spot_row(one, how) : futures_row(one, how);
  };
  if (how.bad_rows && !symbols_.empty())
    write_bad_rows(sink, row(symbols_.front()));
  std::size_t written = 0;
  for (std::size_t i = 0; i < symbols_.size() && written < how.rows_max; ++i) {
    auto one = symbols_[i];
    if ((how.every_other_row && i % 2 == 1) || (how.trading_only && one.status != "TRADING"))
      continue;
    if (how.unknown_names && !one.fixed && i % 100 == 99) {
      one.status = "STATUS_OF_TOMORROW";
      one.contract = which_ == market::futures ? "CONTRACT_OF_TOMORROW" : "";
    }
    if (how.invalid_text && !one.fixed && i % 100 == 98)
      (i % 200 == 98 ? one.base : one.name) += i % 200 == 98 ? "\\ud83d" : "\xff\xfe";
    sink((written++ > 0 ? "," : "") + row(one));
  }
  sink("]}");
}

} // namespace holdfast

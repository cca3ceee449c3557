#include "tests/support/runtime_made_exchange_info.hpp"

#include <array>

#include "tests/support/runtime_recordings.hpp"

namespace holdfast::test {

namespace {

constexpr int symbols = 600;
constexpr auto ticks = std::to_array<const char*>({"0.00000001", "0.00000100", "0.00010000", "0.00500000", "0.01000000",
                                                   "0.10000000", "1.00000000", "10.00000000"});
constexpr auto steps = std::to_array<const char*>({"1.00000000", "0.10000000", "0.01000000", "0.00100000", "0.00001000"});

std::string quoted(const char* key, const std::string& text) { return std::string{"\""} + key + "\":\"" + text + '"'; }

std::string base_of(int number) {
  const auto letter = [](int which) { return static_cast<char>('A' + which % 26); };
  return {letter(number), letter(number / 26), 'Q'};
}

// What both markets begin with.
std::string beginning_of(int number) {
  const std::string quote = number % 4 == 3 ? "BTC" : "USDT";
  return quoted("symbol", base_of(number) + quote) + ',' + quoted("status", number % 5 == 4 ? "BREAK" : "TRADING") + ','
         + quoted("baseAsset", base_of(number)) + ',' + quoted("quoteAsset", quote)
         + R"(,"baseAssetPrecision":8,"quotePrecision":8,"quoteAssetPrecision":8)";
}

std::string filters_of(int number, const char* least) {
  const std::string tick = ticks[static_cast<std::size_t>(number) % ticks.size()];
  const std::string step = steps[static_cast<std::size_t>(number) % steps.size()];
  return R"("filters":[{"filterType":"PRICE_FILTER",)" + quoted("minPrice", number % 7 == 0 ? "0.00000000" : tick) + ','
         + quoted("maxPrice", "1000000.00000000") + ',' + quoted("tickSize", tick) + R"(},{"filterType":"LOT_SIZE",)"
         + quoted("minQty", step) + ',' + quoted("maxQty", "9000000.00000000") + ',' + quoted("stepSize", step)
         + R"(},{"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"12.34567890","stepSize":"0.00000000"},{)"
         + least + R"(},{"filterType":"MAX_NUM_ORDERS","maxNumOrders":200}])";
}

std::string spot_symbol(int number) {
  auto text = '{' + beginning_of(number)
              + R"(,"orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"icebergAllowed":true,"otoAllowed":true,"amendAllowed":true,)"
              + filters_of(number, R"("filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"avgPriceMins":5)")
              + R"(,"permissions":[],"permissionSets":[["SPOT",)" + (number % 3 == 0 ? R"("MARGIN",)" : "");
  for (int group = 100; group < 120; ++group)
    text += R"("TRD_GRP_)" + std::to_string(group + number % 8) + (group < 119 ? "\"," : "\"]");
  return text + (number % 10 == 0 ? R"(,["SPOT","LEVERAGED"]]})" : "]}");
}

std::string futures_symbol(int number) {
  return '{' + beginning_of(number)
         + R"(,"contractType":"PERPETUAL","deliveryDate":4133404800000,"onboardDate":1569398400000,"pricePrecision":4,)"
           R"("quantityPrecision":1,)"
         + filters_of(number, R"("filterType":"MIN_NOTIONAL","notional":"5")") + R"(,"permissionSets":["GRID","COPY"]})";
}

std::string made_body(std::string (*symbol_of)(int)) {
  std::string text = R"({"timezone":"UTC","serverTime":1790000000000,"rateLimits":[],"exchangeFilters":[],"symbols":[)";
  for (int number = 0; number < symbols; ++number)
    text += (number > 0 ? "," : "") + symbol_of(number);
  return text + "]}";
}

} // namespace

std::optional<std::string> body_named(const std::string& name) {
  if (name == "spot_made")
    return made_body(spot_symbol);
  if (name == "futures_made")
    return made_body(futures_symbol);
  return recording(name);
}

} // namespace holdfast::test

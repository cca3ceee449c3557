#define CAF_SUITE fingerprint

#include "config/fingerprint.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

namespace {

options with(std::string url, std::vector<std::string> assets) {
  options settings;
  settings.spot_urls = {std::move(url)};
  settings.quote_assets = std::move(assets);
  return settings;
}

} // namespace

CAF_TEST(the same exchange and assets make one mark however they are written) {
  const auto mark = fingerprint_of(with("https://api.binance.com", {"USDT", "BTC"}));
  CAF_CHECK_EQUAL(fingerprint_of(with("https://api.binance.com/", {"USDT", "BTC"})), mark);
  CAF_CHECK_EQUAL(fingerprint_of(with("https://api.binance.com", {"BTC", "USDT", "BTC"})), mark);
  CAF_CHECK(fingerprint_of(with("https://testnet.binance.vision", {"USDT", "BTC"})) != mark);
  CAF_CHECK(fingerprint_of(with("https://api.binance.com", {"USDT"})) != mark);
}

CAF_TEST(a password in a url is in no fingerprint) {
  CAF_CHECK_EQUAL(fingerprint_of(with("https://me:secret@api.binance.com", {"USDT"})), fingerprint_of(with("https://api.binance.com", {"USDT"})));
}

CAF_TEST(an exchange that has a name is known by it whatever its port) {
  auto settings = with("http://127.0.0.1:1", {"USDT"});
  auto other = with("http://127.0.0.1:2", {"USDT"});
  CAF_CHECK(fingerprint_of(settings) != fingerprint_of(other));
  settings.exchange = other.exchange = "simulated";
  CAF_CHECK_EQUAL(fingerprint_of(settings), fingerprint_of(other));
}

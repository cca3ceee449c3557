#include "config/options.hpp"

#include "runtime/machine.hpp"

namespace holdfast {

std::vector<std::string> options::default_priority() {
  return {"BTC", "ETH", "BNB", "SOL", "ADA", "AVAX", "DOT", "MATIC", "LINK", "UNI"};
}

std::vector<std::string> options::priority(market which) const {
  auto assets = priority_assets;
  if (which == market::futures && assets == default_priority())
    assets.resize(8);
  return assets;
}

std::string options::site(market which) const {
  if (!exchange.empty())
    return digest_of(exchange);
  return site_name(urls(which).empty() ? std::string{} : urls(which).front());
}

} // namespace holdfast

#include "config/options.hpp"

#include "runtime/machine.hpp"

namespace holdfast {

std::vector<std::string> options::priority(market which) const {
  if (!priority_assets.empty())
    return priority_assets;
  std::vector<std::string> assets{"BTC", "ETH", "BNB", "SOL", "ADA", "AVAX", "DOT", "MATIC", "LINK", "UNI"};
  if (which == market::futures)
    assets.resize(8);
  return assets;
}

std::string options::site(market which) const {
  return site_name(urls(which).empty() ? std::string{} : urls(which).front());
}

} // namespace holdfast

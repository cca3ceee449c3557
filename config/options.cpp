#include "config/options.hpp"

namespace holdfast {

std::vector<std::string> options::priority(market which) const {
  if (!priority_assets.empty())
    return priority_assets;
  std::vector<std::string> assets{"BTC", "ETH", "BNB", "SOL", "ADA", "AVAX", "DOT", "MATIC", "LINK", "UNI"};
  if (which == market::futures)
    assets.resize(8);
  return assets;
}

} // namespace holdfast

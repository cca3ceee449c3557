#include "config/fingerprint.hpp"

#include <algorithm>

namespace holdfast {

std::string fingerprint_of(const options& settings) {
  std::string mark;
  for (const auto which : all_markets)
    mark += settings.urls(which).empty() ? "-" : settings.urls(which).front() + ' ';
  auto assets = settings.quote_assets;
  std::sort(assets.begin(), assets.end());
  for (const auto& asset : assets)
    mark += asset + ' ';
  return mark;
}

} // namespace holdfast

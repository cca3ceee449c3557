#include "config/fingerprint.hpp"

#include <algorithm>
#include <string_view>

#include "runtime/machine.hpp"

namespace holdfast {

namespace {

std::string without_last_slashes(std::string url) {
  url.resize(url.find_last_not_of('/') + 1); // 0 where there is nothing else
  return url;
}

} // namespace

std::string fingerprint_of(const options& settings) {
  std::string mark;
  if (!settings.exchange.empty())
    mark = settings.exchange + ' ';
  else
    for (const auto which : all_markets)
      mark += settings.urls(which).empty() ? "-" : without_last_slashes(without_user(settings.urls(which).front())) + ' ';
  auto assets = settings.quote_assets;
  std::sort(assets.begin(), assets.end());
  assets.erase(std::unique(assets.begin(), assets.end()), assets.end());
  for (const auto& asset : assets)
    mark += asset + ' ';
  return mark;
}

} // namespace holdfast

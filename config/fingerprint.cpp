#include "config/fingerprint.hpp"

#include <algorithm>
#include <string_view>

namespace holdfast {

namespace {

std::string_view without_last_slashes(std::string_view url) {
  const auto end = url.find_last_not_of('/');
  return url.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

} // namespace

std::string fingerprint_of(const options& settings) {
  std::string mark;
  for (const auto which : all_markets)
    mark += settings.urls(which).empty() ? "-" : std::string{without_last_slashes(settings.urls(which).front())} + ' ';
  auto assets = settings.quote_assets;
  std::sort(assets.begin(), assets.end());
  assets.erase(std::unique(assets.begin(), assets.end()), assets.end());
  for (const auto& asset : assets)
    mark += asset + ' ';
  return mark;
}

} // namespace holdfast

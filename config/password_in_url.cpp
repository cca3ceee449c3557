#include "config/password_in_url.hpp"

namespace holdfast {

bool may_hold_password(std::string_view url) {
  if (url.find('@') != std::string_view::npos)
    return true;
  const auto scheme = url.find("://");
  auto rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  for (auto colon = rest.find(':'); colon != std::string_view::npos; colon = rest.find(':')) {
    rest.remove_prefix(colon + 1);
    const auto port = rest.substr(0, rest.find_first_of("/?"));
    if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos)
      return true;
  }
  return false;
}

bool names_password(std::string_view urls) {
  for (auto at = urls.find('@'); at != std::string_view::npos; at = urls.find('@', at + 1)) {
    const auto scheme = urls.rfind("://", at);
    const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    if (urls.substr(begin, at - begin).find(':') != std::string_view::npos)
      return true;
  }
  return false;
}

} // namespace holdfast

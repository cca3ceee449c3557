// Scheme, host and port of a URL: whom a request is for, who may hear of its headers, and where a redirect may lead.
#pragma once

#include <optional>
#include <string>

namespace holdfast {

struct http_origin {
  std::string scheme, host, port; // the port also where the URL leaves it out

  // None where it is no http or https URL with a host, or there is no libcurl.
  static std::optional<http_origin> of(const std::string& url);
  bool loopback() const { return host == "localhost" || host == "[::1]" || host.starts_with("127."); }
  // Never from https to what can be read and changed on the way.
  bool may_redirect_to(const http_origin& next) const { return scheme != "https" || next.scheme == "https"; }
  friend bool operator==(const http_origin&, const http_origin&) = default;
};

} // namespace holdfast

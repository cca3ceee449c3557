#include "config/counted_store.hpp"

#include "runtime/redis_url.hpp"

namespace holdfast {

std::string counted_store(const options& settings) {
  auto url = settings.uses_redis() ? redis_url::parse(settings.redis_url) : unexpected{std::string{}};
  if (!url)
    return "embedded";
  for (auto& c : url->host)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (url->host == "localhost" || url->host == "::1")
    url->host = "127.0.0.1";
  return url->endpoint();
}

} // namespace holdfast

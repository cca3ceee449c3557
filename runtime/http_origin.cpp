#include "runtime/http_origin.hpp"

#include <memory>

#include "runtime/curl_library.hpp"

namespace holdfast {

namespace {

struct url_deleter {
  void operator()(CURLU* url) const noexcept { curl_library::get()->url_cleanup(url); }
};
struct text_deleter {
  void operator()(char* text) const noexcept { curl_library::get()->free(text); }
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_library::get()->url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
    return {};
  const std::unique_ptr<char, text_deleter> owned{text};
  return text;
}

} // namespace

std::optional<http_origin> http_origin::of(const std::string& text) {
  const auto& curl = curl_library::get();
  if (!curl)
    return std::nullopt;
  const std::unique_ptr<CURLU, url_deleter> url{curl->url()};
  if (!url || curl->url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  http_origin found{url_part(url.get(), CURLUPART_SCHEME), url_part(url.get(), CURLUPART_HOST), url_part(url.get(), CURLUPART_PORT)};
  if (found.host.empty() || (found.scheme != "http" && found.scheme != "https"))
    return std::nullopt;
  return found;
}

} // namespace holdfast

// Private to http_client: what arrives of one exchange, as curl's callbacks hand it over.
#pragma once

#include <cstddef>

#include "runtime/http_transfer.hpp"

namespace holdfast {

struct http_arrival {
  http_answer answer;
  std::size_t body_max = 0; // decoded bytes
  bool too_large = false;
};

// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION; `target` is an http_arrival. Neither throws through curl: what
// cannot be kept ends the transfer.
std::size_t take_http_body(char* data, std::size_t unit, std::size_t bytes, void* target) noexcept;
std::size_t take_http_header(char* data, std::size_t unit, std::size_t bytes, void* target) noexcept;

} // namespace holdfast

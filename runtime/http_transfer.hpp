// One HTTP GET, as the fetcher needs it: a seam, so that tests answer from a script and production from libcurl.
//
// Threads  one thread at a time per object.
// Bounds   `timeout` is for the whole exchange (name resolution, TLS and body included); `max_body` counts decoded
//          bytes; only http and https are followed.
// Errors   never throws; a failure to get an HTTP answer is a `transfer_failure`, any status is an answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/export.hpp>

namespace holdfast {

struct http_request { // one GET
  std::string url;                                          // with its query
  std::vector<std::pair<std::string, std::string>> headers; // may hold a key: never logged
  std::chrono::milliseconds timeout{10'000};                // for the whole exchange
  std::size_t max_body = 64u << 20;                         // decoded bytes
};

struct HOLDFAST_EXPORT http_answer { // any status is an answer
  int status = 0;                                           // of HTTP, of the last answer of a redirect
  std::string body;                                         // decoded
  std::vector<std::pair<std::string, std::string>> headers; // names in lower case, of the last answer of a redirect

  // The first header of this (lower case) name.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
};

enum class transfer_failure_kind : std::uint8_t { // what kept an answer from coming
  unreachable, // no connection: refused, name not resolved, no route, TLS handshake failed
  timeout,     // the deadline passed
  broken,      // the connection ended inside the answer, or the answer was not HTTP
  too_large,   // more decoded bytes than max_body
  cancelled,   // cancel() was called
  bad_request, // a URL that cannot be asked for
};

struct transfer_failure { // no answer, and why
  transfer_failure_kind kind = transfer_failure_kind::broken; // for programs
  std::string detail;                                         // for people; holds no header and no key
};

class HOLDFAST_EXPORT http_transfer {
public:
  virtual ~http_transfer() = default;
  // Blocks until the answer is whole or the request's timeout has passed.
  virtual expected<http_answer, transfer_failure> get(const http_request& request) = 0;
  // From any thread: a get() that is running returns soon with `cancelled`; every later one at once.
  virtual void cancel() noexcept = 0;
};

// Makes one handle per fetcher life.
using http_transfer_factory = std::function<std::shared_ptr<http_transfer>()>;

} // namespace holdfast

// http_transfer over libcurl: one handle for the life of a fetcher, kept alive between requests.
//
// Threads   get(): one at a time; cancel(): any, for as long as the object lives.
// Bounds    see http_transfer.hpp. At most 3 redirects, to http or https only, all within the one timeout. At most 100
//           headers of an answer are kept.
// Secrets   a request's headers go to the origin (scheme, host, port) of its URL alone: a redirect to another one is
//           followed without them. No header and no URL is part of a failure's detail.
// Errors    a connection that the peer closed while it was idle is replaced and the request sent again. libcurl is loaded by
//           the first get(); where it is missing every get() is `unreachable` and says so.
// Network   TLS certificates are verified. Proxies come from the environment, as curl reads it; never for loopback.
#pragma once

#include <atomic>
#include <memory>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/http_transfer.hpp>

namespace holdfast {

class http_client final : public http_transfer {
public:
  http_client();
  ~http_client() override;
  expected<http_answer, transfer_failure> get(const http_request& request) override;
  void cancel() noexcept override;

private:
  struct handles;
  std::unique_ptr<handles> handles_; // made by the first get()
  std::atomic<handles*> running_{nullptr}; // for cancel()
  std::atomic<bool> cancelled_{false};
};

} // namespace holdfast

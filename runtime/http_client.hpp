// http_transfer over libcurl: one handle for the life of a fetcher, kept alive between requests.
//
// Threads  get(): one at a time; cancel(): any.
// Bounds   see http_transfer.hpp; at most 3 redirects, to http or https only.
#pragma once

#include <atomic>
#include <memory>

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
  std::unique_ptr<handles> handles_;
  std::atomic<bool> cancelled_{false};
};

} // namespace holdfast

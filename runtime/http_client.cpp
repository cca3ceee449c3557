#include "runtime/http_client.hpp"

#include <algorithm>
#include <mutex>

#include <curl/curl.h>

#include "runtime/http_arrival.hpp"
#include "runtime/http_origin.hpp"
#include "runtime/socket_connect.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

// curl keeps the deadline; ours, a little later, is for what it forgets.
constexpr auto deadline_grace = 200ms;
constexpr int redirects_max = 3;

struct easy_deleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct multi_deleter {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
struct list_deleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using list_ptr = std::unique_ptr<curl_slist, list_deleter>;

transfer_failure_kind kind_of(CURLcode code) noexcept {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return transfer_failure_kind::timeout;
    case CURLE_URL_MALFORMAT: return transfer_failure_kind::bad_request;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION: return transfer_failure_kind::unreachable;
    default: return transfer_failure_kind::broken;
  }
}

unexpected<transfer_failure> failure(transfer_failure_kind kind, std::string detail) {
  return unexpected{transfer_failure{kind, std::move(detail)}};
}

void set_up(CURL* handle, const std::string& url, const http_origin& to, std::chrono::milliseconds timeout, http_arrival& here,
            curl_slist* headers) {
  curl_easy_reset(handle); // keeps connections
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(timeout.count(), 1)));
  // get() follows redirects itself: curl would take our headers along to any host.
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "holdfast");
  if (to.loopback())
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take_http_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &here);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &take_http_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &here);
  // A name server that does not answer must not outlast the deadline.
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
}

list_ptr header_list(const http_request& request) {
  list_ptr headers;
  for (const auto& [name, value] : request.headers) {
    auto* longer = curl_slist_append(headers.get(), (name + ": " + value).c_str());
    if (!longer)
      throw std::bad_alloc{};
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
  return headers;
}

// A line break would let a value become a header of its own.
bool can_be_sent(const http_request& request) {
  constexpr std::string_view forbidden{"\r\n\0", 3};
  return std::none_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return header.first.find_first_of(forbidden) != std::string::npos
           || header.second.find_first_of(forbidden) != std::string::npos;
  });
}

} // namespace

struct http_client::handles {
  std::unique_ptr<CURLM, multi_deleter> multi{curl_multi_init()};
  std::unique_ptr<CURL, easy_deleter> easy{curl_easy_init()};

  // Runs what is set up; none: `give_up` passed or `cancelled` was set.
  std::optional<CURLcode> run(boot_time give_up, const std::atomic<bool>& cancelled) {
    curl_multi_add_handle(multi.get(), easy.get());
    std::optional<CURLcode> result;
    while (!result && !cancelled.load(std::memory_order_acquire) && boot_clock::now() < give_up) {
      int running = 0;
      curl_multi_perform(multi.get(), &running);
      int left = 0;
      while (const auto* message = curl_multi_info_read(multi.get(), &left))
        if (message->msg == CURLMSG_DONE)
          result = message->data.result;
      if (!result)
        curl_multi_poll(multi.get(), nullptr, 0, std::min(poll_timeout(give_up), 1000), nullptr);
    }
    curl_multi_remove_handle(multi.get(), easy.get());
    return result;
  }

  int status() const {
    long code = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }

  std::string redirect_target() const {
    const char* target = nullptr;
    curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &target);
    return target ? target : "";
  }
};

http_client::http_client() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handles_ = std::make_unique<handles>();
  if (!handles_->multi || !handles_->easy)
    throw std::bad_alloc{};
  // Else the end of an unused handle ignores SIGPIPE for a moment, for the whole process, and two at once for ever. The multi
  // handle has it from an easy one that was added.
  curl_easy_setopt(handles_->easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_multi_add_handle(handles_->multi.get(), handles_->easy.get());
  curl_multi_remove_handle(handles_->multi.get(), handles_->easy.get());
}

http_client::~http_client() = default;

void http_client::cancel() noexcept {
  cancelled_.store(true, std::memory_order_release);
  curl_multi_wakeup(handles_->multi.get());
}

expected<http_answer, transfer_failure> http_client::get(const http_request& request) {
  const auto asked = http_origin::of(request.url);
  if (!asked || !can_be_sent(request))
    return failure(transfer_failure_kind::bad_request, "this URL or one of its headers cannot be asked for");
  const auto deadline = boot_clock::now() + request.timeout;
  const auto own_headers = header_list(request);
  auto url = request.url;
  auto to = *asked;
  for (int redirects = 0; redirects <= redirects_max; ++redirects) {
    http_arrival here{.body_max = request.max_body};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - boot_clock::now());
    set_up(handles_->easy.get(), url, to, left, here, to == *asked ? own_headers.get() : nullptr);
    // A kept connection that turns out to be closed is replaced by curl itself.
    const auto result = handles_->run(deadline + deadline_grace, cancelled_);
    if (cancelled_.load(std::memory_order_acquire))
      return failure(transfer_failure_kind::cancelled, "cancelled");
    if (!result)
      return failure(transfer_failure_kind::timeout, "no answer in time");
    if (here.too_large)
      return failure(transfer_failure_kind::too_large, "the body is larger than " + std::to_string(request.max_body) + " bytes");
    if (*result != CURLE_OK)
      return failure(kind_of(*result), curl_easy_strerror(*result));
    here.answer.status = handles_->status();
    url = handles_->redirect_target();
    if (url.empty())
      return std::move(here.answer);
    const auto next = http_origin::of(url);
    if (!next || !to.may_redirect_to(*next))
      return failure(transfer_failure_kind::broken, "redirected to what is not followed");
    to = *next;
  }
  return failure(transfer_failure_kind::broken, "redirected too often");
}

} // namespace holdfast

#include "runtime/http_client.hpp"

#include <algorithm>

#include "runtime/curl_library.hpp"
#include "runtime/http_arrival.hpp"
#include "runtime/http_origin.hpp"
#include "runtime/socket_connect.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

// curl keeps the deadline; ours, a little later, is for what it forgets.
constexpr auto deadline_grace = 200ms;
constexpr int redirects_max = 3;

// Whoever holds a handle has the library.
struct easy_deleter {
  void operator()(CURL* handle) const noexcept { curl_library::get()->easy_cleanup(handle); }
};
struct multi_deleter {
  void operator()(CURLM* handle) const noexcept { curl_library::get()->multi_cleanup(handle); }
};
struct list_deleter {
  void operator()(curl_slist* list) const noexcept { curl_library::get()->slist_free_all(list); }
};
struct thread_leaver {
  const curl_library& curl;
  ~thread_leaver() { curl.leave_thread(); }
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

void set_up(const curl_library& curl, CURL* handle, const std::string& url, const http_origin& to,
            std::chrono::milliseconds timeout, http_arrival& here, curl_slist* headers) {
  const auto set = [&](CURLoption option, auto value) { set_option(curl, handle, option, value); };
  curl.easy_reset(handle); // keeps connections
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_HTTPHEADER, static_cast<void*>(headers));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(timeout.count(), 1)));
  // get() follows redirects itself: curl would take our headers along to any host.
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_USERAGENT, "holdfast");
  if (to.loopback())
    set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_WRITEFUNCTION, &take_http_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&here));
  set(CURLOPT_HEADERFUNCTION, &take_http_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&here));
  // A name server that does not answer must not outlast the deadline.
  set(CURLOPT_QUICK_EXIT, 1L);
}

list_ptr header_list(const curl_library& curl, const http_request& request) {
  list_ptr headers;
  for (const auto& [name, value] : request.headers) {
    auto* longer = curl.slist_append(headers.get(), (name + ": " + value).c_str());
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
  const curl_library& curl;
  thread_leaver after_the_handles{curl};
  std::unique_ptr<CURLM, multi_deleter> multi{curl.multi_init()};
  std::unique_ptr<CURL, easy_deleter> easy{curl.easy_init()};

  explicit handles(const curl_library& library) : curl{library} {
    if (!multi || !easy)
      throw std::bad_alloc{};
    // Else the end of an unused handle ignores SIGPIPE for a moment, for the whole process, and two at once for ever. The multi
    // handle has it from an easy one that was added.
    set_option(curl, easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl.multi_add_handle(multi.get(), easy.get());
    curl.multi_remove_handle(multi.get(), easy.get());
  }

  // Runs what is set up; none: `give_up` passed or `cancelled` was set.
  std::optional<CURLcode> run(boot_time give_up, const std::atomic<bool>& cancelled) {
    curl.multi_add_handle(multi.get(), easy.get());
    std::optional<CURLcode> result;
    while (!result && !cancelled && boot_clock::now() < give_up) {
      int running = 0;
      curl.multi_perform(multi.get(), &running);
      int left = 0;
      while (const auto* message = curl.multi_info_read(multi.get(), &left))
        if (message->msg == CURLMSG_DONE)
          result = message->data.result;
      if (!result)
        curl.multi_poll(multi.get(), nullptr, 0, std::min(poll_timeout(give_up), 1000), nullptr);
    }
    curl.multi_remove_handle(multi.get(), easy.get());
    return result;
  }

  int status() const {
    long code = 0;
    curl.easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }

  std::string redirect_target() const {
    const char* target = nullptr;
    curl.easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &target);
    return target ? target : "";
  }
};

http_client::http_client() = default;

http_client::~http_client() = default;

// Either this sees the handles, or whoever made them sees the flag: both sides write first and look then.
void http_client::cancel() noexcept {
  cancelled_ = true;
  if (auto* running = running_.load())
    running->curl.multi_wakeup(running->multi.get());
}

expected<http_answer, transfer_failure> http_client::get(const http_request& request) {
  const auto& curl = curl_library::get();
  if (!curl)
    return failure(transfer_failure_kind::unreachable, curl.error());
  const thread_leaver at_the_end{*curl};
  if (!handles_) {
    handles_ = std::make_unique<handles>(*curl);
    running_ = handles_.get();
  }
  const auto asked = http_origin::of(request.url);
  if (!asked || !can_be_sent(request))
    return failure(transfer_failure_kind::bad_request, "this URL or one of its headers cannot be asked for");
  const auto deadline = boot_clock::now() + request.timeout;
  const auto own_headers = header_list(*curl, request);
  auto url = request.url;
  auto to = *asked;
  for (int redirects = 0; redirects <= redirects_max; ++redirects) {
    http_arrival here{.body_max = request.max_body};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - boot_clock::now());
    set_up(*curl, handles_->easy.get(), url, to, left, here, to == *asked ? own_headers.get() : nullptr);
    // A kept connection that turns out to be closed is replaced by curl itself.
    const auto result = handles_->run(deadline + deadline_grace, cancelled_);
    if (cancelled_)
      return failure(transfer_failure_kind::cancelled, "cancelled");
    if (!result)
      return failure(transfer_failure_kind::timeout, "no answer in time");
    if (here.too_large)
      return failure(transfer_failure_kind::too_large, "the body is larger than " + std::to_string(request.max_body) + " bytes");
    if (*result != CURLE_OK)
      return failure(kind_of(*result), curl->easy_strerror(*result));
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

#include "runtime/http_client.hpp"

#include <algorithm>
#include <cctype>
#include <mutex>

#include <curl/curl.h>

#include "runtime/clock.hpp"
#include "runtime/socket_connect.hpp"

namespace holdfast {

namespace {

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

// What arrives, as curl hands it over.
struct arrival {
  http_answer answer;
  std::size_t body_max = 0;
  bool too_large = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t bytes, void* target) {
  auto& here = *static_cast<arrival*>(target);
  if (here.answer.body.size() + bytes > here.body_max) {
    here.too_large = true;
    return 0;
  }
  here.answer.body.append(data, bytes);
  return bytes;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::size_t take_header(char* data, std::size_t, std::size_t bytes, void* target) {
  auto& answer = static_cast<arrival*>(target)->answer;
  const std::string_view line{data, bytes};
  if (line.starts_with("HTTP/")) {
    answer.headers.clear(); // of a redirect, or an interim answer
    return bytes;
  }
  if (const auto colon = line.find(':'); colon != std::string_view::npos && answer.headers.size() < 200) {
    std::string name{trim(line.substr(0, colon))};
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
  }
  return bytes;
}

transfer_failure_kind kind_of(CURLcode code) noexcept {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return transfer_failure_kind::timeout;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return transfer_failure_kind::bad_request;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return transfer_failure_kind::unreachable;
    default: return transfer_failure_kind::broken;
  }
}

void set_up(CURL* handle, const http_request& request, arrival& here, curl_slist* headers) {
  curl_easy_reset(handle); // keeps connections
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(request.timeout.count(), 1)));
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 3L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "holdfast/0.1");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &here);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &here);
  // A name server that does not answer must not outlast the deadline.
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
}

} // namespace

struct http_client::handles {
  std::unique_ptr<CURLM, multi_deleter> multi{curl_multi_init()};
  std::unique_ptr<CURL, easy_deleter> easy{curl_easy_init()};
};

http_client::http_client() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handles_ = std::make_unique<handles>();
}

http_client::~http_client() = default;

void http_client::cancel() noexcept {
  cancelled_.store(true, std::memory_order_release);
  curl_multi_wakeup(handles_->multi.get());
}

expected<http_answer, transfer_failure> http_client::get(const http_request& request) {
  auto* easy = handles_->easy.get();
  auto* multi = handles_->multi.get();
  arrival here{.body_max = request.max_body};
  list_ptr headers;
  for (const auto& [name, value] : request.headers)
    headers.reset(curl_slist_append(headers.release(), (name + ": " + value).c_str()));
  set_up(easy, request, here, headers.get());
  curl_multi_add_handle(multi, easy);

  // curl keeps the deadline; ours, a little later, is for what it forgets.
  const auto give_up = boot_clock::now() + request.timeout + std::chrono::milliseconds{200};
  std::optional<CURLcode> result;
  while (!result && !cancelled_.load(std::memory_order_acquire) && boot_clock::now() < give_up) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi, &left))
      if (message->msg == CURLMSG_DONE)
        result = message->data.result;
    if (!result)
      curl_multi_poll(multi, nullptr, 0, std::min(poll_timeout(give_up), 1000), nullptr);
  }
  curl_multi_remove_handle(multi, easy);
  if (cancelled_.load(std::memory_order_acquire))
    return unexpected{transfer_failure{transfer_failure_kind::cancelled, "cancelled"}};
  if (!result)
    return unexpected{transfer_failure{transfer_failure_kind::timeout, "no answer in time"}};
  if (here.too_large)
    return unexpected{transfer_failure{transfer_failure_kind::too_large,
                                       "the body is larger than " + std::to_string(request.max_body) + " bytes"}};
  if (*result != CURLE_OK)
    return unexpected{transfer_failure{kind_of(*result), curl_easy_strerror(*result)}};
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  here.answer.status = static_cast<int>(status);
  return std::move(here.answer);
}

std::optional<std::string_view> http_answer::header(std::string_view name) const noexcept {
  for (const auto& [known, value] : headers)
    if (known == name)
      return value;
  return std::nullopt;
}

} // namespace holdfast

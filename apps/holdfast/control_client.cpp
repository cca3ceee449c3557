#include "apps/holdfast/control_client.hpp"

#include <charconv>
#include <memory>

#include <rapidjson/document.h>
#include <strings.h>

#include "runtime/curl_library.hpp"

namespace holdfast::app {

namespace {

constexpr std::size_t answer_bytes_max = 64u << 20;
constexpr int look_interval_ms = 50;

struct curl_deleter {
  void operator()(CURL* handle) const noexcept { curl_library::get()->easy_cleanup(handle); }
};

struct multi_deleter {
  void operator()(CURLM* handle) const noexcept { curl_library::get()->multi_cleanup(handle); }
};

std::size_t append(char* data, std::size_t, std::size_t bytes, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + bytes > answer_bytes_max)
    return 0;
  body.append(data, bytes);
  return bytes;
}

// One line of the head.
std::size_t take_header(char* data, std::size_t, std::size_t bytes, void* target) {
  constexpr std::string_view name = "x-holdfast-age-ms: ";
  std::int64_t age = 0;
  if (bytes > name.size() && ::strncasecmp(data, name.data(), name.size()) == 0
      && std::from_chars(data + name.size(), data + bytes, age).ec == std::errc{})
    static_cast<control_answer*>(target)->age = std::chrono::milliseconds{age};
  return bytes;
}

// A path that is too long for a socket is a host that cannot be resolved to libcurl.
bool never_connected(CURLcode outcome) noexcept {
  return outcome == CURLE_COULDNT_CONNECT || outcome == CURLE_COULDNT_RESOLVE_HOST;
}

// curl_easy_perform(), but for being given up.
CURLcode perform(const curl_library& curl, CURL* handle, const std::function<bool()>& given_up) {
  const std::unique_ptr<CURLM, multi_deleter> transfers{curl.multi_init()};
  if (!transfers || curl.multi_add_handle(transfers.get(), handle) != CURLM_OK)
    return CURLE_OUT_OF_MEMORY;
  CURLcode outcome = CURLE_ABORTED_BY_CALLBACK;
  for (int running = 1; running > 0 && !(given_up && given_up());) {
    if (curl.multi_perform(transfers.get(), &running) != CURLM_OK)
      break;
    if (running > 0)
      curl.multi_poll(transfers.get(), nullptr, 0, look_interval_ms, nullptr);
  }
  int left = 0;
  if (const auto* told = curl.multi_info_read(transfers.get(), &left); told && told->msg == CURLMSG_DONE)
    outcome = told->data.result;
  curl.multi_remove_handle(transfers.get(), handle);
  return outcome;
}

} // namespace

std::string control_socket_path(const std::string& state_folder) { return state_folder + "/control.sock"; }

expected<control_answer, no_answer> ask_serve(const std::string& state_folder, std::string_view method,
                                              std::string_view path, std::chrono::milliseconds deadline,
                                              const std::function<bool()>& given_up) {
  if (state_folder.empty())
    return unexpected{no_answer::nobody};
  const auto& curl = curl_library::get();
  const std::unique_ptr<CURL, curl_deleter> handle{curl ? curl->easy_init() : nullptr};
  if (!handle)
    return unexpected{no_answer::nobody};
  const auto set = [&](CURLoption option, auto value) { set_option(*curl, handle.get(), option, value); };
  const auto socket = control_socket_path(state_folder);
  const auto url = "http://holdfast" + std::string{path};
  const std::string verb{method};
  control_answer answer;
  set(CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_CUSTOMREQUEST, verb.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.count()));
  set(CURLOPT_HEADERFUNCTION, &take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&answer));
  set(CURLOPT_WRITEFUNCTION, &append);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&answer.body));
  if (const auto outcome = perform(*curl, handle.get(), given_up); outcome != CURLE_OK)
    return unexpected{never_connected(outcome) ? no_answer::nobody : no_answer::silent};
  long status = 0;
  curl->easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

bool store_of_serve_is_up(const std::string& state_folder) {
  const auto answer = ask_serve(state_folder, "GET", "/api/v1/status?events=0");
  rapidjson::Document status;
  if (!answer || answer->status != 200 || !status.Parse(answer->body.c_str()).IsObject() || !status.HasMember("store"))
    return true;
  const auto& store = status["store"];
  return !store.IsObject() || !store.HasMember("up") || !store["up"].IsBool() || store["up"].GetBool();
}

std::string encode_segment(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9')
                       || byte == '-' || byte == '_' || byte == '.' || byte == '~';
    if (plain) {
      out += character;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

} // namespace holdfast::app

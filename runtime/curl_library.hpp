// libcurl, loaded when it is first wanted. With all that it needs itself it is the larger part of what a process would load
// before main(), and a new process that answers from its state folder, or a follower, asks no exchange at first, or ever.
//
// Threads  any.
// Bounds   loaded once, never unloaded; the first call takes some milliseconds.
// Errors   where it cannot be loaded every call tells why; nothing throws.
#pragma once

#include <string>

#include <curl/curl.h>

#include <holdfast/runtime/expected.hpp>

namespace holdfast {

// The functions that holdfast calls, named as in curl/curl.h.
struct curl_library {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_getdate) getdate = nullptr;
  decltype(&::curl_free) free = nullptr;

  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;

  decltype(&::curl_multi_init) multi_init = nullptr;
  decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&::curl_multi_perform) multi_perform = nullptr;
  decltype(&::curl_multi_info_read) multi_info_read = nullptr;
  decltype(&::curl_multi_poll) multi_poll = nullptr;
  decltype(&::curl_multi_wakeup) multi_wakeup = nullptr;

  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;

  decltype(&::curl_url) url = nullptr;
  decltype(&::curl_url_cleanup) url_cleanup = nullptr;
  decltype(&::curl_url_get) url_get = nullptr;
  decltype(&::curl_url_set) url_set = nullptr;

  // OpenSSL's, where libcurl brings it.
  void (*openssl_thread_stop)() = nullptr;

  // Lets go what OpenSSL keeps for the calling thread, which is taken up again where it is wanted. Left to the thread's end it
  // would race with OpenSSL's own at the end of the process: CAF's detached threads are not joined.
  void leave_thread() const noexcept {
    if (openssl_thread_stop)
      openssl_thread_stop();
  }

  // Ready to be used: curl_global_init() was called.
  static const expected<curl_library, std::string>& get();
};

// The types that curl_easy_setopt() tells apart only by its documentation.
inline void set_option(const curl_library& curl, CURL* handle, CURLoption option, long value) {
  curl.easy_setopt(handle, option, value);
}
inline void set_option(const curl_library& curl, CURL* handle, CURLoption option, const char* text) {
  curl.easy_setopt(handle, option, text);
}
inline void set_option(const curl_library& curl, CURL* handle, CURLoption option, void* object) {
  curl.easy_setopt(handle, option, object);
}
inline void set_option(const curl_library& curl, CURL* handle, CURLoption option, curl_write_callback callback) {
  curl.easy_setopt(handle, option, callback);
}

} // namespace holdfast

#include "runtime/curl_library.hpp"

#include <memory>

#include "runtime/late_library.hpp"

namespace holdfast {

namespace {

using late_library::find;

// The name of libcurl's binary interface, the same since 2006.
constexpr const char* file_name = "libcurl.so.4";

bool find_all(void* library, curl_library& curl) noexcept {
  return find(library, "curl_global_init", curl.global_init) && find(library, "curl_getdate", curl.getdate)
         && find(library, "curl_free", curl.free) && find(library, "curl_easy_init", curl.easy_init)
         && find(library, "curl_easy_cleanup", curl.easy_cleanup) && find(library, "curl_easy_reset", curl.easy_reset)
         && find(library, "curl_easy_setopt", curl.easy_setopt) && find(library, "curl_easy_getinfo", curl.easy_getinfo)
         && find(library, "curl_easy_strerror", curl.easy_strerror) && find(library, "curl_multi_init", curl.multi_init)
         && find(library, "curl_multi_cleanup", curl.multi_cleanup)
         && find(library, "curl_multi_add_handle", curl.multi_add_handle)
         && find(library, "curl_multi_remove_handle", curl.multi_remove_handle)
         && find(library, "curl_multi_perform", curl.multi_perform)
         && find(library, "curl_multi_info_read", curl.multi_info_read)
         && find(library, "curl_multi_poll", curl.multi_poll) && find(library, "curl_multi_wakeup", curl.multi_wakeup)
         && find(library, "curl_slist_append", curl.slist_append)
         && find(library, "curl_slist_free_all", curl.slist_free_all) && find(library, "curl_url", curl.url)
         && find(library, "curl_url_cleanup", curl.url_cleanup) && find(library, "curl_url_get", curl.url_get)
         && find(library, "curl_url_set", curl.url_set);
}

expected<curl_library, std::string> load() {
  void* library = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
  curl_library curl;
  if (!library || !find_all(library, curl))
    return unexpected{std::string{"libcurl cannot be loaded: "} + late_library::reason(file_name)};
  if (const auto code = curl.global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK)
    return unexpected{std::string{"libcurl cannot be used: "} + curl.easy_strerror(code)};
  find(library, "OPENSSL_thread_stop", curl.openssl_thread_stop);
  curl.leave_thread();
  return curl;
}

} // namespace

const expected<curl_library, std::string>& curl_library::get() {
  // Never destroyed: an engine that is a static of its host asks to the end.
  static const auto* const loaded = std::make_unique<expected<curl_library, std::string>>(load()).release();
  return *loaded;
}

} // namespace holdfast

#include "engine/microhttpd_library.hpp"

#include <memory>

#include "runtime/late_library.hpp"

namespace holdfast {

namespace {

// The name of the binary interface, the same since 2014.
constexpr const char* microhttpd_file = "libmicrohttpd.so.12";

bool find_all(void* from, microhttpd_library& all) noexcept {
  using late_library::find;
  return find(from, "MHD_start_daemon", all.start_daemon) && find(from, "MHD_stop_daemon", all.stop_daemon)
         && find(from, "MHD_get_daemon_info", all.get_daemon_info) && find(from, "MHD_get_connection_info", all.get_connection_info)
         && find(from, "MHD_lookup_connection_value", all.lookup_connection_value)
         && find(from, "MHD_suspend_connection", all.suspend_connection) && find(from, "MHD_resume_connection", all.resume_connection)
         && find(from, "MHD_create_response_from_buffer", all.create_response_from_buffer)
         && find(from, "MHD_create_response_from_buffer_with_free_callback_cls", all.create_response_from_buffer_with_free_callback_cls)
         && find(from, "MHD_create_response_from_callback", all.create_response_from_callback)
         && find(from, "MHD_add_response_header", all.add_response_header)
         && find(from, "MHD_set_response_options", all.set_response_options) && find(from, "MHD_queue_response", all.queue_response)
         && find(from, "MHD_destroy_response", all.destroy_response);
}

expected<microhttpd_library, std::string> load_microhttpd() {
  void* library = ::dlopen(microhttpd_file, RTLD_NOW | RTLD_LOCAL);
  microhttpd_library all;
  if (!library || !find_all(library, all))
    return unexpected{std::string{"libmicrohttpd cannot be loaded: "} + late_library::reason(microhttpd_file)};
  return all;
}

} // namespace

const expected<microhttpd_library, std::string>& microhttpd_library::get() {
  // Never destroyed: an engine that is a static of its host serves to the end.
  static const auto* const loaded = std::make_unique<expected<microhttpd_library, std::string>>(load_microhttpd()).release();
  return *loaded;
}

} // namespace holdfast

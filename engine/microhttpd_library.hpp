// libmicrohttpd, loaded when a server is first wanted. With all that it needs itself it is half of what a process would
// load before main(), and a host without a gateway, or a command that counts once, serves nobody.
//
// Threads  any.
// Bounds   loaded once, never unloaded; the first call takes some milliseconds.
// Errors   where it cannot be loaded get() tells why; nothing throws.
#pragma once

#include <string>

#include <microhttpd.h>

#include "runtime/expected.hpp"

namespace holdfast {

// The functions that holdfast calls, named as in microhttpd.h.
struct microhttpd_library {
  decltype(&::MHD_start_daemon) start_daemon = nullptr;
  decltype(&::MHD_stop_daemon) stop_daemon = nullptr;
  decltype(&::MHD_get_daemon_info) get_daemon_info = nullptr;

  decltype(&::MHD_get_connection_info) get_connection_info = nullptr;
  decltype(&::MHD_lookup_connection_value) lookup_connection_value = nullptr;
  decltype(&::MHD_suspend_connection) suspend_connection = nullptr;
  decltype(&::MHD_resume_connection) resume_connection = nullptr;

  decltype(&::MHD_create_response_from_buffer) create_response_from_buffer = nullptr;
  decltype(&::MHD_create_response_from_buffer_with_free_callback_cls) create_response_from_buffer_with_free_callback_cls = nullptr;
  decltype(&::MHD_create_response_from_callback) create_response_from_callback = nullptr;
  decltype(&::MHD_add_response_header) add_response_header = nullptr;
  decltype(&::MHD_set_response_options) set_response_options = nullptr;
  decltype(&::MHD_queue_response) queue_response = nullptr;
  decltype(&::MHD_destroy_response) destroy_response = nullptr;

  static const expected<microhttpd_library, std::string>& get();
};

// Pre: get() has a value, as wherever there is a daemon.
inline const microhttpd_library& microhttpd() { return *microhttpd_library::get(); }

} // namespace holdfast

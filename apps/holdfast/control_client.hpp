// Asks a running `serve` through control.sock in the state folder: the gateway's own routes over a unix socket.
//
// Bounds   one answer, at most 64 MiB, within the deadline.
// Errors   no state folder, no socket or nobody listening: `nobody`, and the caller works without `serve`. A connection
//          without a whole answer in time: `silent`, and what was asked for may be carried out all the same, now or later. `given_up`,
//          called every 50 ms while there is no answer, makes it `silent` at once by true.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/expected.hpp"

namespace holdfast::app {

struct control_answer {
  int status = 0;
  std::string body;
  std::chrono::milliseconds age{0}; // of the counters in it, where they were read for somebody else before
};

enum class no_answer { nobody, silent };

std::string control_socket_path(const std::string& state_folder);

expected<control_answer, no_answer> ask_serve(const std::string& state_folder, std::string_view method,
                                              std::string_view path,
                                              std::chrono::milliseconds deadline = std::chrono::seconds{5},
                                              const std::function<bool()>& given_up = {});

// As the running serve sees it. True where it does not tell.
bool store_of_serve_is_up(const std::string& state_folder);

// Percent-encodes everything but unreserved characters, for one path segment or query value.
std::string encode_segment(std::string_view text);

} // namespace holdfast::app

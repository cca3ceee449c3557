// Asks a running `serve` through control.sock in the state folder: the gateway's own routes over a unix socket.
//
// Bounds   one answer, at most 64 MiB, within the deadline.
// Errors   no socket, nobody listening, or no answer in time: none (the caller then works without `serve`).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::app {

struct control_answer {
  int status = 0;
  std::string body;
};

std::string control_socket_path(const std::string& state_folder);

std::optional<control_answer> ask_serve(const std::string& state_folder, std::string_view method,
                                        std::string_view path,
                                        std::chrono::milliseconds deadline = std::chrono::seconds{5});

// Percent-encodes everything but unreserved characters, for one path segment or query value.
std::string encode_segment(std::string_view text);

} // namespace holdfast::app

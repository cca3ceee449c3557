// Connects a stream socket by a deadline, name resolution included.
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/expected.hpp>

namespace holdfast {

// A connected, non-blocking descriptor that the caller owns, or why there is none.
expected<int, std::string> connect_tcp(const std::string& host, std::uint16_t port, boot_time deadline);
expected<int, std::string> connect_unix(const std::string& path, boot_time deadline);

// Milliseconds for poll() until the deadline; 0 if it has passed.
int poll_timeout(boot_time deadline) noexcept;

} // namespace holdfast

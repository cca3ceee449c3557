// Connects a stream socket by a deadline, name resolution included.
//
// Interrupt  a descriptor that ends every wait once it is readable, as if the deadline had come; -1: nothing does.
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/expected.hpp>

struct pollfd;

namespace holdfast {

// A connected, non-blocking descriptor that the caller owns, or why there is none.
expected<int, std::string> connect_tcp(const std::string& host, std::uint16_t port, boot_time deadline, int interrupt = -1);
expected<int, std::string> connect_unix(const std::string& path, boot_time deadline, int interrupt = -1);

// Whether anything of what `wanted` waits for came before the deadline and the interrupt.
bool wait_for_event(pollfd& wanted, boot_time deadline, int interrupt) noexcept;

// Milliseconds for poll() until the deadline; 0 if it has passed.
int poll_timeout(boot_time deadline) noexcept;

} // namespace holdfast

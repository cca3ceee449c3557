#include "tests/support/runtime_scripted_link.hpp"

#include <algorithm>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace holdfast::test {

namespace {

// RESP: a length stands behind the sign of a string or an array, up to the end of the line.
std::string with_length(std::string reply, std::size_t length) {
  const auto at = reply.find_first_of("$*");
  const auto end = reply.find('\r', at);
  return at == std::string::npos || end == std::string::npos ? reply : reply.replace(at + 1, end - at - 1, std::to_string(length));
}

} // namespace

scripted_link::~scripted_link() {
  ::close(client_);
  if (server_ >= 0)
    ::close(server_);
}

void scripted_link::give(int handle, std::string_view bytes) {
  while (!bytes.empty() && handle >= 0) {
    const auto sent = ::send(handle, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    pollfd wait{handle, POLLOUT, 0};
    if (::poll(&wait, 1, 2000) <= 0 || (wait.revents & (POLLHUP | POLLERR)) != 0) {
      over_ = true;
      return;
    }
  }
}

void scripted_link::request(const std::string& bytes, const misdeed& what, time now) {
  if (now_.kind == misdeed_kind::stall)
    return;
  if (what.kind != misdeed_kind::none)
    now_ = what;
  next_ = now + now_.pause;
  switch (what.kind) {
    case misdeed_kind::stall:
      return;
    case misdeed_kind::cut_request:
      give(server_, std::string_view{bytes}.substr(0, what.bytes));
      over_ = true;
      return;
    case misdeed_kind::say:
      now_ = {};
      give(client_, what.text);
      return;
    default:
      give(server_, bytes);
  }
}

void scripted_link::reply(const std::string& bytes, time now) {
  switch (now_.kind) {
    case misdeed_kind::stall:
      return;
    case misdeed_kind::drop_reply:
      over_ = true;
      return;
    case misdeed_kind::cut_reply:
      give(client_, std::string_view{bytes}.substr(0, now_.bytes));
      over_ = true;
      return;
    case misdeed_kind::trickle:
    case misdeed_kind::delay:
      held_ += bytes;
      due(now);
      return;
    case misdeed_kind::add:
      give(client_, bytes + now_.text);
      now_ = {};
      return;
    case misdeed_kind::lie:
      give(client_, with_length(bytes, now_.bytes));
      now_ = {};
      return;
    default:
      give(client_, bytes);
  }
}

void scripted_link::due(time now) {
  if (held_.empty() || now < next_)
    return;
  const auto count = now_.kind == misdeed_kind::trickle ? std::min<std::size_t>(1, held_.size()) : held_.size();
  give(client_, std::string_view{held_}.substr(0, count));
  held_.erase(0, count);
  next_ = now + now_.pause;
  if (held_.empty())
    now_ = {};
}

} // namespace holdfast::test

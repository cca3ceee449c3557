#include "tests/support/runtime_http_peer.hpp"

#include <chrono>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace holdfast::test {

namespace {

constexpr int tick_ms = 10;

template <class Condition>
bool wait_until(Condition met) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!met()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    ::poll(nullptr, 0, tick_ms);
  }
  return true;
}

void reset(int handle) {
  const linger at_once{1, 0};
  ::setsockopt(handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

} // namespace

http_peer::http_peer(script answers) : script_{std::move(answers)} {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0
      || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error{"no loopback port"};
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread{[this] { accept_all(); }};
}

http_peer::~http_peer() {
  ::eventfd_write(stop_, 1);
  acceptor_.join();
  for (auto& one : threads_)
    one.join();
  ::close(listener_);
  ::close(stop_);
}

std::string http_peer::url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

std::vector<std::string> http_peer::heads() const {
  std::lock_guard guard{mutex_};
  return heads_;
}

bool http_peer::wait_for_requests(std::size_t count) const {
  return wait_until([&] { return requests_ >= count; });
}

bool http_peer::close_idle_connection() {
  const auto before = closed_.load();
  close_idle_ = true;
  const bool done = wait_until([&] { return closed_ > before; });
  close_idle_ = false;
  return done;
}

bool http_peer::stopped_within(int milliseconds) const {
  pollfd wait{stop_, POLLIN, 0};
  return ::poll(&wait, 1, milliseconds) > 0;
}

void http_peer::accept_all() {
  for (;;) {
    pollfd wait[2]{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
    ::poll(wait, 2, -1);
    if (wait[0].revents != 0)
      return;
    const int handle = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (handle < 0)
      continue;
    ++connections_;
    threads_.emplace_back([this, handle] {
      serve(handle);
      ::close(handle);
      ++closed_;
    });
  }
}

bool http_peer::send(int handle, const peer_reply& reply) {
  const std::size_t step = reply.trickle ? 1 : reply.bytes.size();
  for (std::size_t at = 0; at < reply.bytes.size();) {
    const auto sent = ::send(handle, reply.bytes.data() + at, std::min(step, reply.bytes.size() - at), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    at += static_cast<std::size_t>(sent);
    if (reply.trickle && stopped_within(tick_ms))
      return false;
  }
  return true;
}

void http_peer::serve(int handle) {
  std::string received;
  for (;;) {
    const auto end = received.find("\r\n\r\n");
    if (end == std::string::npos) {
      pollfd wait[2]{{stop_, POLLIN, 0}, {handle, POLLIN, 0}};
      ::poll(wait, 2, tick_ms);
      if (wait[0].revents != 0 || (close_idle_ && wait[1].revents == 0))
        return;
      if (wait[1].revents == 0)
        continue;
      char buffer[4096];
      const auto got = ::recv(handle, buffer, sizeof buffer, 0);
      if (got <= 0)
        return;
      received.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    const auto head = received.substr(0, end);
    received.erase(0, end + 4);
    std::size_t number = 0;
    {
      std::lock_guard guard{mutex_};
      heads_.push_back(head);
      number = requests_++;
    }
    const auto reply = script_(number, head);
    if (!send(handle, reply))
      return;
    if (reply.then == after_reply::hang)
      stopped_within(-1);
    if (reply.then == after_reply::reset)
      reset(handle);
    if (reply.then != after_reply::keep)
      return;
  }
}

std::string http_reply(const std::string& status, const std::string& body, const std::string& more_headers) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more_headers + "\r\n" + body;
}

} // namespace holdfast::test

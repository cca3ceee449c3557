#include "tests/support/runtime_resp_peer.hpp"

#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace holdfast::test {

namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

int connect_to(const std::string& path) {
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(path);
  if (::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return handle;
  ::close(handle);
  return -1;
}

// What there is to read; none at the end of the connection.
std::optional<std::string> take(int handle) {
  std::string bytes(1 << 20, '\0');
  const auto got = ::recv(handle, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got <= 0)
    return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

} // namespace

resp_peer::resp_peer(std::string target, peer_habits habits) : target_{std::move(target)}, habits_{std::move(habits)} {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-peer-XXXXXX").string();
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (!::mkdtemp(pattern.data()) || wake_ < 0)
    throw std::runtime_error{"no folder or event for the peer"};
  folder_ = pattern;
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(socket());
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 64) != 0)
    throw std::runtime_error{"the peer cannot listen"};
  thread_ = std::thread{[this] { serve(); }};
}

resp_peer::~resp_peer() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  poke();
  thread_.join();
  links_.clear();
  ::close(listener_);
  ::close(wake_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void resp_peer::poke() { ::eventfd_write(wake_, 1); }

void resp_peer::next(misdeed one) {
  const std::lock_guard lock{mutex_};
  planned_.push_back(std::move(one));
}

void resp_peer::cut_all() {
  {
    const std::lock_guard lock{mutex_};
    cut_ = true;
  }
  poke();
}

std::size_t resp_peer::connections() const {
  const std::lock_guard lock{mutex_};
  return connections_;
}

std::size_t resp_peer::done() const {
  const std::lock_guard lock{mutex_};
  return done_;
}

misdeed resp_peer::choose(const std::string& request) {
  const std::lock_guard lock{mutex_};
  misdeed one;
  if (!planned_.empty() && request.find(planned_.front().seen) != std::string::npos) {
    one = std::move(planned_.front());
    planned_.pop_front();
  } else if (habits_.on_request) {
    one = habits_.on_request(request);
  }
  done_ += one.kind == misdeed_kind::none ? 0 : 1;
  return one;
}

void resp_peer::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0)
    return;
  if (habits_.refuses && habits_.refuses()) {
    ::close(client);
    const std::lock_guard lock{mutex_};
    ++done_;
    return;
  }
  const int server = target_.empty() ? -1 : connect_to(target_);
  {
    const std::lock_guard lock{mutex_};
    ++connections_;
  }
  links_.emplace_back(client, server);
  if (!target_.empty() && server < 0)
    links_.back().end();
}

void resp_peer::pump(scripted_link& link, bool from_client, bool from_server) {
  const auto now = std::chrono::steady_clock::now();
  if (from_client) {
    if (const auto bytes = take(link.client()))
      link.request(*bytes, choose(*bytes), now);
    else
      link.end();
  }
  if (from_server && !link.over()) {
    if (const auto bytes = take(link.server()))
      link.reply(*bytes, now);
    else
      link.end();
  }
  link.due(now);
}

void resp_peer::serve() {
  for (;;) {
    std::vector<pollfd> waits{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    bool held = false;
    for (const auto& link : links_) {
      waits.push_back({link.client(), POLLIN, 0});
      waits.push_back({link.server(), POLLIN, 0});
      held = held || link.waits();
    }
    if (::poll(waits.data(), waits.size(), held ? 2 : -1) < 0)
      continue;
    eventfd_t ignored = 0;
    ::eventfd_read(wake_, &ignored);
    bool cut = false;
    {
      const std::lock_guard lock{mutex_};
      if (stop_)
        return;
      cut = std::exchange(cut_, false);
    }
    std::size_t at = 2;
    for (auto& link : links_) {
      if (cut)
        link.end();
      else
        pump(link, waits[at].revents != 0, waits[at + 1].revents != 0);
      at += 2;
    }
    links_.remove_if([](const auto& link) { return link.over(); });
    if (waits[1].revents != 0)
      accept_one();
  }
}

} // namespace holdfast::test

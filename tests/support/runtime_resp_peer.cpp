#include "tests/support/runtime_resp_peer.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <vector>

#include <poll.h>
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

resp_peer::resp_peer(std::string target) : target_{std::move(target)} {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-peer-XXXXXX").string();
  std::array<int, 2> stop{};
  if (!::mkdtemp(pattern.data()) || ::pipe(stop.data()) != 0)
    throw std::runtime_error{"no folder or pipe for the peer"};
  folder_ = pattern;
  stop_read_ = stop[0];
  stop_write_ = stop[1];
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(socket());
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 64) != 0)
    throw std::runtime_error{"the peer cannot listen"};
  thread_ = std::thread{[this] { serve(); }};
}

resp_peer::~resp_peer() {
  ::close(stop_write_);
  thread_.join();
  links_.clear();
  ::close(listener_);
  ::close(stop_read_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void resp_peer::next(misdeed one) {
  const std::lock_guard lock{mutex_};
  planned_.push_back(std::move(one));
}

void resp_peer::chaos(std::uint64_t seed, double share) {
  const std::lock_guard lock{mutex_};
  random_.seed(seed);
  share_ = share;
}

void resp_peer::behave() {
  const std::lock_guard lock{mutex_};
  planned_.clear();
  share_ = 0;
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
  if (!planned_.empty() && request.find(planned_.front().seen) != std::string::npos) {
    auto one = std::move(planned_.front());
    planned_.pop_front();
    ++done_;
    return one;
  }
  if (std::uniform_real_distribution<double>{0, 1}(random_) >= share_)
    return {};
  ++done_;
  constexpr std::array kinds{misdeed_kind::drop_reply, misdeed_kind::cut_request, misdeed_kind::cut_reply};
  misdeed one{kinds[random_() % kinds.size()]};
  one.bytes = random_() % request.size();
  return one;
}

void resp_peer::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0)
    return;
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
    std::vector<pollfd> waits{{stop_read_, POLLIN, 0}, {listener_, POLLIN, 0}};
    bool held = false;
    for (const auto& link : links_) {
      waits.push_back({link.client(), POLLIN, 0});
      waits.push_back({link.server(), POLLIN, 0});
      held = held || link.waits();
    }
    if (::poll(waits.data(), waits.size(), held ? 2 : -1) < 0)
      continue;
    if (waits[0].revents != 0)
      return;
    std::size_t at = 2;
    for (auto& link : links_) {
      pump(link, waits[at].revents != 0, waits[at + 1].revents != 0);
      at += 2;
    }
    links_.remove_if([](const auto& link) { return link.over(); });
    if (waits[1].revents != 0)
      accept_one();
  }
}

} // namespace holdfast::test

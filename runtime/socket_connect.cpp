#include "runtime/socket_connect.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/starting_thread.hpp"

namespace holdfast {

namespace {

// A lookup that is waited for cannot be told by a descriptor.
constexpr int interrupt_look_ms = 25;

struct address_deleter {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using address_list = std::shared_ptr<addrinfo>;

expected<address_list, std::string> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
    return unexpected{host + ": " + ::gai_strerror(error)};
  return address_list{found, address_deleter{}};
}

using lookup_result = expected<address_list, std::string>;

// Lookups under way, one for each name: a name server that is silent for hours never costs more than one thread a name.
// Never destroyed: a thread left behind may outlive main.
struct running_lookups {
  std::mutex mutex;
  std::map<std::string, std::shared_future<lookup_result>> by_name;
};
running_lookups& lookups() {
  static auto* const all = std::make_unique<running_lookups>().release();
  return *all;
}

std::shared_future<lookup_result> start_lookup(const std::string& host, std::uint16_t port) {
  const auto name = host + ':' + std::to_string(port);
  const std::lock_guard guard{lookups().mutex};
  if (const auto running = lookups().by_name.find(name); running != lookups().by_name.end())
    return running->second;
  std::promise<lookup_result> promise;
  auto answer = promise.get_future().share();
  lookups().by_name.emplace(name, answer);
  try {
    const std::lock_guard one_at_a_time{starting_thread};
    std::thread{[promise = std::move(promise), name, host, port]() mutable {
      promise.set_value(look_up(host, port, 0));
      const std::lock_guard own{lookups().mutex};
      lookups().by_name.erase(name);
    }}.detach();
  } catch (const std::system_error& error) { // no thread to be had
    lookups().by_name.erase(name);
    std::promise<lookup_result> failed;
    failed.set_value(unexpected{host + ": " + error.what()});
    return failed.get_future().share();
  }
  return answer;
}

bool is_readable(int descriptor) noexcept {
  pollfd look{descriptor, POLLIN, 0};
  return ::poll(&look, 1, 0) > 0;
}

// A name server that does not answer holds getaddrinfo for long: it waits on a thread that we may leave behind.
lookup_result resolve(const std::string& host, std::uint16_t port, boot_time deadline, int interrupt) {
  if (auto literal = look_up(host, port, AI_NUMERICHOST))
    return literal;
  const auto answer = start_lookup(host, port);
  for (;;) {
    const int left = poll_timeout(deadline);
    if (answer.wait_for(std::chrono::milliseconds{std::min(left, interrupt_look_ms)}) == std::future_status::ready)
      return answer.get();
    if (left == 0 || is_readable(interrupt))
      return unexpected{host + ": the name was not resolved in time"};
  }
}

struct wait_limits {
  boot_time deadline;
  int interrupt;
};

expected<int, std::string> connect_address(const sockaddr* address, socklen_t length, int family, wait_limits until) {
  const int handle = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (handle < 0)
    return unexpected{std::string{std::strerror(errno)}};
  int error = ::connect(handle, address, length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) { // EAGAIN is a unix socket whose queue is full: nothing is on its way
    pollfd wait{handle, POLLOUT, 0};
    error = ETIMEDOUT;
    if (wait_for_event(wait, until.deadline, until.interrupt)) {
      socklen_t size = sizeof error;
      ::getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  if (error == 0) {
    const int on = 1;
    ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return handle;
  }
  ::close(handle);
  return unexpected{std::string{std::strerror(error)}};
}

} // namespace

int poll_timeout(boot_time deadline) noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - boot_clock::now()).count();
  return left <= 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
}

bool wait_for_event(pollfd& wanted, boot_time deadline, int interrupt) noexcept {
  for (;;) {
    pollfd both[2]{wanted, {interrupt, POLLIN, 0}};
    const int left = poll_timeout(deadline);
    const int ready = left > 0 ? ::poll(both, 2, left) : 0;
    if (ready < 0 && errno == EINTR)
      continue;
    wanted.revents = both[0].revents;
    return ready > 0 && both[1].revents == 0;
  }
}

expected<int, std::string> connect_tcp(const std::string& host, std::uint16_t port, boot_time deadline, int interrupt) {
  auto addresses = resolve(host, port, deadline, interrupt);
  if (!addresses)
    return unexpected{addresses.error()};
  std::string why = host + ": no address";
  std::int64_t untried = 0;
  for (const auto* one = addresses->get(); one; one = one->ai_next)
    ++untried;
  for (const auto* one = addresses->get(); one; one = one->ai_next, --untried) {
    // An address that swallows everything leaves the others their share of the time.
    const auto now = boot_clock::now();
    auto handle
      = connect_address(one->ai_addr, one->ai_addrlen, one->ai_family, {now + (deadline - now) / untried, interrupt});
    if (handle)
      return handle;
    why = host + ':' + std::to_string(port) + ": " + handle.error();
  }
  return unexpected{why};
}

expected<int, std::string> connect_unix(const std::string& path, boot_time deadline, int interrupt) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return unexpected{path + ": the path is too long"};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  auto handle
    = connect_address(reinterpret_cast<const sockaddr*>(&address), sizeof address, AF_UNIX, {deadline, interrupt});
  if (!handle)
    return unexpected{path + ": " + handle.error()};
  return handle;
}

} // namespace holdfast

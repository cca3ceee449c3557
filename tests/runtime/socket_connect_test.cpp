#include "runtime/socket_connect.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/http_client.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

namespace {
std::atomic<int> silent_lookups{0};
std::atomic<bool> name_server_is_silent{false};
} // namespace

// Stands before the C library's: a name server that does not answer while it is told so, and a name with two addresses.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name && std::strcmp(name, "two.example") == 0) {
    if (hints && (hints->ai_flags & AI_NUMERICHOST) != 0)
      return EAI_NONAME;
    if (const int error = real("127.0.0.2", service, hints, found); error != 0)
      return error;
    return real("127.0.0.1", service, hints, &(*found)->ai_next);
  }
  if (name && std::strcmp(name, "silent.example") == 0) {
    if (hints && (hints->ai_flags & AI_NUMERICHOST) != 0)
      return EAI_NONAME;
    ++silent_lookups;
    while (name_server_is_silent)
      ::poll(nullptr, 0, 5);
    return EAI_AGAIN;
  }
  return real(name, service, hints, found);
}

namespace holdfast {
namespace {

using namespace std::chrono_literals;

TEST(socket_connect, a_silent_name_server_costs_the_deadline_and_one_thread) {
  name_server_is_silent = true;
  for (int i = 0; i < 5; ++i) {
    const auto began = boot_clock::now();
    const auto handle = connect_tcp("silent.example", 6379, began + 20ms);
    ASSERT_FALSE(handle);
    EXPECT_NE(handle.error().find("not resolved in time"), std::string::npos) << handle.error();
    EXPECT_LT(boot_clock::now() - began, 5s);
  }
  EXPECT_EQ(silent_lookups, 1);
  name_server_is_silent = false;
  EXPECT_TRUE(test::wait_until([] {
    const auto handle = connect_tcp("silent.example", 6379, boot_clock::now() + 5s);
    return !handle && handle.error().find("not resolved in time") == std::string::npos;
  }));
}

TEST(socket_connect, a_silent_name_server_is_not_waited_for_once_the_interrupt_is_readable) {
  name_server_is_silent = true;
  const int interrupt = ::eventfd(1, EFD_CLOEXEC);
  const auto began = boot_clock::now();
  EXPECT_FALSE(connect_tcp("silent.example", 6379, began + 60s, interrupt));
  EXPECT_LT(boot_clock::now() - began, 5s);
  ::close(interrupt);
  name_server_is_silent = false;
}

TEST(socket_connect, a_silent_name_server_costs_a_fetch_its_deadline) {
  ::setenv("no_proxy", "*", 1);
  name_server_is_silent = true;
  const int before = silent_lookups;
  http_client client;
  const auto began = boot_clock::now();
  const auto answer = client.get({.url = "http://silent.example/", .timeout = 150ms});
  EXPECT_LT(boot_clock::now() - began, 5s);
  EXPECT_TRUE(test::wait_until([&] { return silent_lookups > before; })); // libcurl asks the one of this file
  name_server_is_silent = false;
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, transfer_failure_kind::timeout) << answer.error().detail;
}

TEST(socket_connect, a_name_is_resolved) {
  const auto handle = connect_tcp("localhost", 1, boot_clock::now() + 5s);
  ASSERT_FALSE(handle);
  EXPECT_NE(handle.error().find("refused"), std::string::npos) << handle.error();
}

// Binds to `host`; port 0 takes any. The port that it got, or 0.
std::uint16_t listen_on(int listener, std::uint32_t host, std::uint16_t port, int backlog) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener, backlog) != 0)
    return 0;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

TEST(socket_connect, an_address_that_swallows_everything_leaves_time_for_the_next) {
  const int good = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto port = listen_on(good, INADDR_LOOPBACK, 0, 16);
  ASSERT_NE(port, 0);
  ASSERT_EQ(listen_on(full, INADDR_LOOPBACK + 1, port, 0), port);
  std::vector<int> handles;
  for (int i = 0; i < 10; ++i)
    if (const auto handle = connect_tcp("127.0.0.2", port, boot_clock::now() + 20ms))
      handles.push_back(*handle);
  EXPECT_LT(handles.size(), 10u); // nobody accepts there: the queue is full
  const auto handle = connect_tcp("two.example", port, boot_clock::now() + 1s);
  EXPECT_TRUE(handle) << handle.error();
  if (handle)
    ::close(*handle);
  for (const int one : handles)
    ::close(one);
  ::close(good);
  ::close(full);
}

TEST(socket_connect, a_unix_socket_whose_queue_is_full_is_no_connection) {
  test::temporary_folder folder;
  const auto path = folder.file("full.sock");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  std::vector<int> handles;
  bool full = false;
  for (int i = 0; i < 10 && !full; ++i) {
    const auto handle = connect_unix(path, boot_clock::now() + 50ms);
    full = !handle;
    if (handle)
      handles.push_back(*handle);
  }
  EXPECT_TRUE(full);
  for (const int one : handles)
    ::close(one);
  ::close(listener);
}

} // namespace
} // namespace holdfast

// Whatever a server may say: first byte how many commands were asked (0: somebody who subscribes waits), second in how
// large pieces it comes, then what comes. No crash, no reply that was not asked for, and a link that broke stays broken.
#include <cerrno>
#include <memory>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/redis_client.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using fuzz::expect;

class listening_socket {
public:
  listening_socket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    expect(::bind(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(handle_, 4) == 0,
           "no socket to listen on");
  }
  ~listening_socket() { ::close(handle_); }
  listening_socket(const listening_socket&) = delete;
  listening_socket& operator=(const listening_socket&) = delete;
  std::string path() const { return folder_.file("s"); }
  int accept() const { return ::accept4(handle_, nullptr, nullptr, SOCK_CLOEXEC); }

private:
  test::temporary_folder folder_;
  int handle_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

void say(int peer, std::string_view text, std::size_t piece) {
  while (!text.empty()) {
    const auto sent = ::send(peer, text.data(), std::min(piece, text.size()), MSG_NOSIGNAL);
    if (sent <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void check_push(redis_client& client) {
  for (int i = 0; i < 1000; ++i) {
    const auto one = client.await_push(boot_clock::now() + 5s);
    if (!one) {
      expect(!client.await_push(boot_clock::now() + 5s), "a broken link goes on");
      return;
    }
    expect(one->has_value(), "the end of a connection is not noticed");
  }
}

void check_run(redis_client& client, std::size_t asked) {
  const std::vector<redis_command> commands(asked, {"PING"});
  const auto replies = client.run(commands, boot_clock::now() + 5s);
  if (!replies)
    expect(!client.run(commands, boot_clock::now() + 5s), "a broken link goes on");
  else
    expect(replies->size() == asked, "not one reply per command");
}

void check(std::string_view input) {
  static const listening_socket listening;
  fuzz::input_reader reader{input};
  const std::size_t asked = reader.byte() % 4;
  const std::size_t piece = reader.byte() + 1u;
  auto client = redis_client::connect(*redis_url::parse("unix://" + listening.path()), boot_clock::now() + 5s);
  expect(client.has_value(), "no connection");
  const int peer = listening.accept();
  std::thread server{[&] {
    char question[256];
    if (asked > 0)
      (void)::recv(peer, question, sizeof question, 0);
    say(peer, reader.rest(), piece);
    ::shutdown(peer, SHUT_WR);
  }};
  if (asked == 0)
    check_push(**client);
  else
    check_run(**client, asked);
  server.join();
  ::close(peer);
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

#define CAF_SUITE http_hardening

#include <memory>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/http_gateway.hpp"
#include "runtime/http_client.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

// A client that sends what no HTTP library would.
class raw_client {
public:
  explicit raw_client(const std::string& address) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~raw_client() { ::close(socket_); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  bool connected() const { return connected_; }
  bool say(std::string_view text) const { return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) >= 0; }
  // What came until it was enough, the end, or `patience` was over.
  std::string hear(std::string_view enough, std::chrono::milliseconds patience = 10s) {
    const auto end = boot_clock::now() + patience;
    while (heard_.find(enough) == std::string::npos && !over_) {
      pollfd wait{socket_, POLLIN, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - boot_clock::now()).count();
      if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0)
        break;
      char buffer[4096];
      const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
      over_ = got <= 0;
      heard_.append(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return heard_;
  }
  // Whether the other side ended it; sends a byte of `trickle` now and then meanwhile.
  bool is_ended(char trickle, std::chrono::milliseconds patience = 10s) {
    const auto end = boot_clock::now() + patience;
    while (!over_ && boot_clock::now() < end) {
      if (trickle != '\0')
        say({&trickle, 1});
      hear("never said", 20ms);
    }
    return over_;
  }

private:
  int socket_;
  bool connected_ = false;
  bool over_ = false;
  std::string heard_;
};

struct fixture {
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 300, 60, {}}};
  engine_config config;
  std::optional<caf::actor_system> system;
  std::optional<engine> host;
  std::unique_ptr<http_gateway> gateway;

  fixture() {
    config.state_dir = folder.file("state");
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
    system.emplace(config);
    host.emplace(*system);
    CAF_REQUIRE(host->symbols_sync(market::spot, 10s).table != nullptr);
  }
  ~fixture() {
    gateway.reset();
    host.reset();
    system.reset();
  }
  void open(connection_limits limits = {}) {
    auto opened = http_gateway::open(*host, "127.0.0.1:0", {}, limits);
    CAF_REQUIRE(opened.has_value());
    gateway = std::move(*opened);
  }
  std::string ask(const std::string& head) {
    raw_client client{gateway->address()};
    client.say(head);
    return client.hear("}");
  }
  std::string get(const std::string& path) { return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"); }
  bool answers() { return get("/healthz").find("200 OK") != std::string::npos; }
  static bool has(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }
};

constexpr connection_limits hasty{.request = 2s, .look_every = 10ms};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_hardening_tests, fixture)

CAF_TEST(a client that trickles its header is cut off however often it says something) {
  open(hasty);
  raw_client slow{gateway->address()};
  slow.say("GET /healthz HTTP/1.1\r\nX-Slow: ");
  CAF_CHECK(slow.is_ended('x'));
  CAF_CHECK(answers());
}

CAF_TEST(a client that trickles its body is cut off) {
  open(hasty);
  raw_client slow{gateway->address()};
  slow.say("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
  CAF_CHECK(slow.is_ended('x'));
  CAF_CHECK(answers());
}

CAF_TEST(a client that reads nothing of its answers is cut off) {
  open(hasty);
  raw_client deaf{gateway->address()};
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += "GET /api/v1/symbols/spot HTTP/1.1\r\nHost: localhost\r\n\r\n";
  deaf.say(many);
  // Another one is served all the while; then the deaf one's connection is gone.
  const auto end = boot_clock::now() + 4s;
  while (boot_clock::now() < end)
    CAF_CHECK(answers());
  CAF_CHECK(deaf.is_ended('\0'));
}

CAF_TEST(a quick client keeps its connection) {
  open(hasty);
  raw_client client{gateway->address()};
  client.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CAF_CHECK(has(client.hear("true}"), "200 OK"));
  client.say("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CAF_CHECK(has(client.hear("detail"), "no symbols of futures"));
}

CAF_TEST(many idle connections keep nobody out) {
  open();
  std::vector<std::unique_ptr<raw_client>> idle;
  for (int i = 0; i < 200; ++i)
    idle.push_back(std::make_unique<raw_client>(gateway->address()));
  for (int i = 0; i < 10; ++i)
    CAF_CHECK(answers());
}

CAF_TEST(a body larger than any of ours may be ends the connection) {
  open();
  raw_client large{gateway->address()};
  large.say("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n");
  for (int i = 0; i < 64 && large.say(std::string(4096, 'x')); ++i)
    continue;
  CAF_CHECK(large.is_ended('\0'));
  CAF_CHECK(answers());
}

CAF_TEST(a head larger than any of ours may be is refused) {
  open();
  const auto answer = ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: " + std::string(40'000, 'x') + "\r\n\r\n");
  CAF_CHECK(!has(answer, "200 OK"));
  CAF_CHECK(!has(get('/' + std::string(40'000, 'x')), "200 OK"));
  CAF_CHECK(answers());
}

CAF_TEST(what a path holds ends no line of an answer) {
  open();
  for (const std::string path : {"/api/v1/symbols/spot/%0d%0aX-Evil:%20yes", "/api/v1/counters/%0d%0aX-Evil:%20yes",
                                 "/api/v1/history/%0d%0aX-Evil:%20yes", "/%0d%0aX-Evil:%20yes",
                                 "/api/v1/counters?match=%0d%0aX-Evil:%20yes", "/api/v1/symbols/%0d%0aX-Evil:%20yes"}) {
    const auto answer = get(path);
    CAF_CHECK(has(answer, "HTTP/1.1 "));
    CAF_CHECK(!has(answer, "\nX-Evil"));
  }
}

CAF_TEST(an encoded nul ends no path) {
  open();
  CAF_CHECK(has(get("/api/v1/symbols/spot%00/x"), "404"));
  CAF_CHECK(has(get("/api/v1/symbols/spot/BTCUSDT%00"), "404"));
  CAF_CHECK(has(get("/healthz%00"), "404"));
  CAF_CHECK(has(get("/api/v1/symbols/spot/BTCUSDT"), "200 OK"));
}

CAF_TEST(paths that climb name no file) {
  open();
  for (const std::string path : {"/../../../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/style.css/../../x"})
    CAF_CHECK(has(get(path), "404"));
}

CAF_TEST(a counter of no name is refused and the answer is text) {
  open();
  for (const std::string key : {"%7b%7d", "a%20b", "%ff%fe", "", "x%0ay"})
    CAF_CHECK(has(get("/api/v1/counters/" + key), " 400 "));
  CAF_CHECK(has(get("/api/v1/counters/" + std::string(201, 'x')), " 400 "));
  const auto answer = get("/api/v1/symbols/spot/%ff");
  CAF_CHECK(has(answer, "\\\\xff"));
  CAF_CHECK(!has(answer, "\xff"));
}

CAF_TEST_FIXTURE_SCOPE_END()

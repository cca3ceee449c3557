#define CAF_SUITE http_gateway

#include "engine/http_gateway.hpp"

#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/gateway_fixture.hpp"
#include "tests/support/runtime_wait.hpp"
#include "tests/support/shell.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct fixture : test::gateway_fixture {
  static std::string header(const http_answer& answer, const char* name) {
    return std::string{answer.header(name).value_or("")};
  }
  // The bytes of an answer to any request.
  std::string raw(const std::string& method, const std::string& path, const std::string& named = "localhost") const {
    const auto address = host->http_address();
    const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto request = method + ' ' + path + " HTTP/1.1\r\nHost: " + named + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    std::string answer;
    if (::connect(handle, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0
        && ::send(handle, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
      std::array<char, 4096> part;
      for (ssize_t got; (got = ::recv(handle, part.data(), part.size(), 0)) > 0;)
        answer.append(part.data(), static_cast<std::size_t>(got));
    }
    ::close(handle);
    return answer;
  }
  std::string tag(const header_list& headers = {}) const { return header(get("/api/v1/symbols/spot", headers), "etag"); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_gateway_tests, fixture)

CAF_TEST(what serves is not among what is loaded before main) {
  const auto loaded = test::run_shell("ldd /proc/" + std::to_string(::getpid()) + "/exe").text;
  CAF_CHECK(loaded.find("libsqlite3") != std::string::npos);
  CAF_CHECK(loaded.find("libmicrohttpd") == std::string::npos);
}

CAF_TEST(a list comes with what it is worth) {
  start();
  const auto first = get("/api/v1/symbols/spot");
  CAF_CHECK_EQUAL(first.status, 200);
  CAF_CHECK_EQUAL(header(first, "x-holdfast-source"), "public_api");
  CAF_CHECK_EQUAL(header(first, "x-holdfast-stale"), "false");
  CAF_CHECK(header(first, "age") == "0" || header(first, "age") == "1");
  CAF_CHECK(header(first, "cache-control").find("stale-if-error") != std::string::npos);
  CAF_CHECK_EQUAL(first.body, host->board()->current(market::spot)->table->list_json());
}

CAF_TEST(an unchanged list is answered with 304 and counted as a hit) {
  start();
  const auto known = tag();
  CAF_REQUIRE(!known.empty());
  const auto again = get("/api/v1/symbols/spot", {{"If-None-Match", known}});
  CAF_CHECK_EQUAL(again.status, 304);
  CAF_CHECK(again.body.empty());
  CAF_CHECK_EQUAL(host->read("metrics:cache_hit:symbols_spot").value, 1);
  CAF_CHECK_EQUAL(host->read("metrics:cache_miss:symbols_spot").value, 1);
}

CAF_TEST(each coding has a tag of its own and a refused coding is not used) {
  start();
  const auto plain = tag({{"Accept-Encoding", "identity"}});
  const auto zipped = tag({{"Accept-Encoding", "gzip"}});
  CAF_CHECK(plain != zipped);
  CAF_CHECK_EQUAL(tag({{"Accept-Encoding", "gzip;q=0, identity"}}), plain);
  CAF_CHECK_EQUAL(tag({{"Accept-Encoding", "br, gzip;q=0.5"}}), zipped);
}

CAF_TEST(one symbol is an object and an unknown one is 404) {
  start();
  CAF_CHECK(get("/api/v1/symbols/spot/BTCUSDT").body.find("\"symbol\":\"BTCUSDT\"") != std::string::npos);
  CAF_CHECK_EQUAL(get("/api/v1/symbols/spot/NOSUCH").status, 404);
  CAF_CHECK_EQUAL(get("/api/v1/symbols/options").status, 404);
  CAF_CHECK_EQUAL(header(get("/nowhere"), "content-type"), "application/problem+json");
}

CAF_TEST(names beyond ascii and of dated contracts pass the store and the url unchanged) {
  const std::vector<std::string> names{"BTCUSDT", "BTCUSDT_260327", "1000SHIBUSDT", "币安人生USDT"};
  std::string body;
  for (const auto& name : names)
    body += (body.empty() ? R"({"serverTime":1790000000000,"symbols":[)" : ",") + (R"({"symbol":")" + name)
            + R"(","status":"TRADING","contractType":"PERPETUAL","baseAsset":"X","quoteAsset":"USDT"})";
  body += "]}";
  {
    simulated_exchange own{{.bodies = {body, body}}};
    config.spot_urls = config.futures_urls = {own.url()};
    start();
    for (const auto* which : {"spot", "futures"})
      CAF_CHECK_EQUAL(get("/api/v1/symbols/" + std::string{which}).status, 200);
  }
  host.reset(); // what comes next is what the state folder kept
  start();
  for (const std::string which : {"spot", "futures"})
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto path = i < 3 ? names[i] : "%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT";
      const auto answer = get("/api/v1/symbols/" + which + '/' + path);
      CAF_CHECK_EQUAL(answer.status, 200);
      CAF_CHECK(answer.body.find("\"symbol\":\"" + names[i] + '"') != std::string::npos);
    }
}

CAF_TEST(head is get without its body and every other method is refused with those that are not) {
  start();
  CAF_REQUIRE(get("/api/v1/symbols/spot").status == 200);
  const auto head = raw("HEAD", "/api/v1/symbols/spot");
  CAF_CHECK(head.starts_with("HTTP/1.1 200"));
  CAF_CHECK(head.ends_with("\r\n\r\n"));
  const auto length = std::to_string(host->board()->current(market::spot)->table->list_json().size());
  CAF_CHECK(head.find("Content-Length: " + length + "\r\n") != std::string::npos);
  CAF_CHECK(head.find("\r\nETag: \"") != std::string::npos);
  for (const auto* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const auto refused = raw(method, "/api/v1/symbols/spot");
    CAF_CHECK(refused.starts_with("HTTP/1.1 405"));
    CAF_CHECK(refused.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
    CAF_CHECK(refused.find("application/problem+json") != std::string::npos);
  }
}

CAF_TEST(every question for symbols counts once whatever its answer is) {
  start();
  const auto known = tag(); // the miss
  get("/api/v1/symbols/spot", {{"If-None-Match", known}});
  get("/api/v1/symbols/spot", {{"Accept-Encoding", "gzip"}});
  get("/api/v1/symbols/spot/BTCUSDT");
  get("/api/v1/symbols/spot/NOSUCH");
  raw("HEAD", "/api/v1/symbols/spot");
  raw("POST", "/api/v1/symbols/spot"); // no question
  get("/api/v1/symbols/options");
  CAF_CHECK_EQUAL(host->read("metrics:cache_hit:symbols_spot").value, 5);
  CAF_CHECK_EQUAL(host->read("metrics:cache_miss:symbols_spot").value, 1);
  exchange.set_fault(market::futures, exchange_fault::server_error);
  CAF_CHECK_EQUAL(get("/api/v1/symbols/futures").status, 503);
  CAF_CHECK_EQUAL(host->read("metrics:cache_miss:symbols_futures").value, 1);
  CAF_CHECK_EQUAL(host->read("metrics:cache_hit:symbols_futures").value, 0);
}

CAF_TEST(reads over http in the last part of the ttl cause a refresh before there is a miss) {
  config.spot_ttl = 20s;
  start();
  get("/api/v1/symbols/spot");
  // One to three seconds before the end one of them has the list refreshed.
  const auto refreshed = [&] { return get("/api/v1/symbols/spot").status == 200 && exchange.requests(market::spot) == 2; };
  CAF_CHECK(test::wait_until(refreshed, 30s));
  CAF_CHECK_EQUAL(host->read("metrics:cache_miss:symbols_spot").value, 1);
}

CAF_TEST(where nothing was ever good the answer is 503 and not ready) {
  exchange.set_fault(market::spot, exchange_fault::server_error);
  exchange.set_fault(market::futures, exchange_fault::server_error);
  start();
  const auto none = get("/api/v1/symbols/spot");
  CAF_CHECK_EQUAL(none.status, 503);
  CAF_CHECK_EQUAL(header(none, "content-type"), "application/problem+json");
  CAF_CHECK_EQUAL(get("/readyz").status, 503);
  CAF_CHECK_EQUAL(get("/healthz").status, 200);
}

CAF_TEST(a counter that is no integer in the store is 422) {
  start();
  CAF_REQUIRE(host->write_json("metrics:a:b", "text", 0ns));
  const auto answer = get("/api/v1/counters/metrics:a:b");
  CAF_CHECK_EQUAL(answer.status, 422);
  CAF_CHECK_EQUAL(header(answer, "content-type"), "application/problem+json");
  CAF_CHECK_EQUAL(get("/api/v1/counters/metrics:a:c").status, 200);
}

CAF_TEST(slow questions do not hold up quick ones) {
  exchange.set_fault(market::spot, exchange_fault::hang);
  start();
  std::atomic<int> slow_answered{0};
  std::vector<std::thread> slow;
  for (int i = 0; i < 16; ++i)
    slow.emplace_back([&] {
      get("/api/v1/symbols/spot");
      ++slow_answered;
    });
  CAF_CHECK(test::wait_until([&] { return host->status().cache.markets[index(market::spot)].waiting == 16; }));
  CAF_CHECK_EQUAL(get("/healthz").status, 200);
  CAF_CHECK_EQUAL(get("/api/v1/status").status, 200);
  CAF_CHECK_EQUAL(slow_answered.load(), 0);
  exchange.set_fault(market::spot, exchange_fault::none);
  for (auto& one : slow)
    one.join();
}

CAF_TEST(a gateway that closes answers those who wait) {
  exchange.set_fault(market::spot, exchange_fault::hang);
  start();
  std::atomic<int> status{0};
  std::thread slow{[&] { status = get("/api/v1/symbols/spot").status; }};
  CAF_CHECK(test::wait_until([&] { return host->status().cache.markets[index(market::spot)].waiting == 1; }));
  host.reset();
  slow.join();
  CAF_CHECK_EQUAL(status.load(), 503);
}

CAF_TEST(without a token a name that may be anybody s is not answered to) {
  start();
  CAF_CHECK(raw("GET", "/api/v1/counters", "evil.example:8080").starts_with("HTTP/1.1 421"));
  CAF_CHECK(raw("GET", "/metrics", "evil.example").starts_with("HTTP/1.1 421"));
  for (const char* path : {"/healthz", "/"})
    CAF_CHECK(raw("GET", path, "evil.example").starts_with("HTTP/1.1 200"));
  for (const char* name : {"localhost", "127.0.0.1:8080", "[::1]"})
    CAF_CHECK(raw("GET", "/api/v1/counters", name).starts_with("HTTP/1.1 200"));
}

CAF_TEST(with a token only liveness answers without it) {
  config.http_token = "secret";
  start();
  CAF_CHECK_EQUAL(get("/healthz").status, 200);
  CAF_CHECK_EQUAL(get("/api/v1/counters").status, 401);
  CAF_CHECK_EQUAL(get("/api/v1/counters", {{"Authorization", "Bearer wrong"}}).status, 401);
  CAF_CHECK_EQUAL(get("/api/v1/counters", {{"Authorization", "Bearer secret"}}).status, 200);
}

CAF_TEST(fields that were never parsed open no address beyond loopback without a token) {
  config.http = "0.0.0.0:0";
  system.emplace(config);
  host.emplace(*system);
  CAF_CHECK(host->http_address().empty());
  for (const auto* address : {"0.0.0.0:0", "[::]:0"}) {
    const auto opened = http_gateway::open(*host, address, {});
    CAF_CHECK(!opened && opened.error().find("http-token") != std::string::npos);
  }
  CAF_CHECK(http_gateway::open(*host, "0.0.0.0:0", "a token").has_value());
}

CAF_TEST_FIXTURE_SCOPE_END()

#include "runtime/http_client.hpp"

#include <thread>

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/support/runtime_http_peer.hpp"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::after_reply;
using test::http_peer;
using test::http_reply;
using test::peer_reply;
using kind = transfer_failure_kind;

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

http_request request_for(const std::string& url, std::chrono::milliseconds timeout = 10s) {
  http_request request;
  request.url = url;
  request.timeout = timeout;
  return request;
}

// What every request is answered with.
http_peer::script always(peer_reply reply) {
  return [reply](std::size_t, const std::string&) { return reply; };
}

kind failure_of(http_client& client, const http_request& request) {
  const auto answer = client.get(request);
  EXPECT_FALSE(answer) << "answered with HTTP " << answer->status;
  return answer ? kind::bad_request : answer.error().kind;
}

// The peer knows no TLS: it reads what is said and waits for more.
std::string over_tls(const http_peer& peer) { return peer.url().replace(0, 4, "https"); }

TEST(http_client, keeps_its_connection_and_gives_headers_in_lower_case) {
  http_peer peer{always({http_reply("200 OK", "{}", "X-MBX-USED-WEIGHT-1M:  20 \r\n")})};
  http_client client;
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.get(request_for(peer.url()));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "{}");
    EXPECT_EQ(answer->header("x-mbx-used-weight-1m"), "20");
    EXPECT_EQ(answer->header("retry-after"), std::nullopt);
  }
  EXPECT_EQ(peer.connections(), 1u);
}

TEST(http_client, any_status_is_an_answer) {
  http_peer peer{[](std::size_t number, const std::string&) {
    return peer_reply{http_reply(number == 0 ? "418 I'm a teapot" : "502 Bad Gateway", "<html>", "Retry-After: 7\r\n")};
  }};
  http_client client;
  const auto banned = client.get(request_for(peer.url()));
  ASSERT_TRUE(banned);
  EXPECT_EQ(banned->status, 418);
  EXPECT_EQ(banned->header("retry-after"), "7");
  EXPECT_EQ(client.get(request_for(peer.url()))->status, 502);
}

TEST(http_client, asks_for_compression_and_decodes_it) {
  const std::string body(100'000, 'x');
  http_peer peer{always({http_reply("200 OK", gzip(body), "Content-Encoding: gzip\r\n")})};
  http_client client;
  const auto answer = client.get(request_for(peer.url()));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->body, body);
  EXPECT_NE(peer.heads().front().find("Accept-Encoding: gzip"), std::string::npos);
}

TEST(http_client, a_compressed_bomb_stops_at_the_limit_of_decoded_bytes) {
  http_peer peer{always({http_reply("200 OK", gzip(std::string(50'000'000, ' ')), "Content-Encoding: gzip\r\n")})};
  http_client client;
  auto request = request_for(peer.url());
  request.max_body = 1'000'000;
  EXPECT_EQ(failure_of(client, request), kind::too_large);
}

TEST(http_client, a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not) {
  http_peer peer{[](std::size_t number, const std::string&) {
    return peer_reply{http_reply("200 OK", std::string(1000 + number, 'x'))};
  }};
  http_client client;
  auto request = request_for(peer.url());
  request.max_body = 1000;
  const auto answer = client.get(request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.size(), 1000u);
  EXPECT_EQ(failure_of(client, request), kind::too_large);
}

TEST(http_client, a_peer_that_hangs_costs_no_more_than_the_timeout) {
  for (const std::string begin : {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"}) {
    http_peer peer{always({begin, after_reply::hang})};
    http_client client;
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(failure_of(client, request_for(peer.url(), 150ms)), kind::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  }
}

TEST(http_client, a_trickle_does_not_extend_the_timeout) {
  http_peer peer{always({http_reply("200 OK", std::string(100'000, 'x')), after_reply::keep, true})};
  http_client client;
  EXPECT_EQ(failure_of(client, request_for(peer.url(), 300ms)), kind::timeout);
}

TEST(http_client, a_connection_that_ends_inside_the_answer_is_broken) {
  const std::string short_body = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"symbols\":";
  const std::string short_chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"symbols\":";
  for (const auto& bytes : {short_body, short_chunk})
    for (const auto then : {after_reply::close, after_reply::reset}) {
      http_peer peer{always({bytes, then})};
      http_client client;
      EXPECT_EQ(failure_of(client, request_for(peer.url())), kind::broken);
      EXPECT_EQ(peer.requests(), 1u);
    }
}

TEST(http_client, a_body_without_length_ends_with_its_connection) {
  http_peer peer{always({"HTTP/1.1 200 OK\r\n\r\n{\"symbols\":[", after_reply::close})};
  http_client client;
  const auto answer = client.get(request_for(peer.url()));
  ASSERT_TRUE(answer); // whether it is whole is for the reader of the body to see
  EXPECT_EQ(answer->body, "{\"symbols\":[");
}

TEST(http_client, what_is_not_http_is_broken) {
  http_peer peer{always({"-ERR unknown command\r\n\r\n", after_reply::close})};
  http_client client;
  EXPECT_EQ(failure_of(client, request_for(peer.url())), kind::broken);
}

TEST(http_client, a_refused_connection_is_unreachable) {
  std::string url;
  { url = http_peer{always({})}.url(); }
  http_client client;
  EXPECT_EQ(failure_of(client, request_for(url)), kind::unreachable);
}

TEST(http_client, a_tls_handshake_that_hangs_costs_the_deadline) {
  http_peer peer{always({"", after_reply::hang})};
  http_client client;
  const auto began = boot_clock::now();
  EXPECT_EQ(failure_of(client, request_for(over_tls(peer), 150ms)), kind::timeout);
  EXPECT_LT(boot_clock::now() - began, 5s);
}

TEST(http_client, a_tls_handshake_that_breaks_off_fails_before_the_deadline) {
  http_peer peer{always({})};
  http_client client;
  std::thread breaker{[&] { EXPECT_TRUE(peer.close_idle_connection()); }};
  EXPECT_EQ(failure_of(client, request_for(over_tls(peer), 60s)), kind::unreachable);
  breaker.join();
}

TEST(http_client, a_kept_connection_that_was_closed_meanwhile_is_replaced) {
  http_peer peer{always({http_reply("200 OK", "{}")})};
  http_client client;
  ASSERT_TRUE(client.get(request_for(peer.url())));
  ASSERT_TRUE(peer.close_idle_connection());
  EXPECT_TRUE(client.get(request_for(peer.url())));
  EXPECT_EQ(peer.connections(), 2u);
}

TEST(http_client, a_kept_connection_that_closes_as_we_send_is_tried_once_more) {
  http_peer peer{[](std::size_t number, const std::string&) {
    return number == 1 ? peer_reply{"", after_reply::reset} : peer_reply{http_reply("200 OK", std::to_string(number))};
  }};
  http_client client;
  ASSERT_TRUE(client.get(request_for(peer.url())));
  const auto second = client.get(request_for(peer.url()));
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(second->body, "2");
}

TEST(http_client, a_new_connection_that_closes_at_once_is_not_tried_again) {
  http_peer peer{always({"", after_reply::reset})};
  http_client client;
  EXPECT_EQ(failure_of(client, request_for(peer.url())), kind::broken);
  EXPECT_EQ(peer.requests(), 1u);
}

TEST(http_client, cancel_ends_a_running_request_and_refuses_later_ones) {
  http_peer peer{always({"", after_reply::hang})};
  http_client client;
  std::thread canceller{[&] {
    EXPECT_TRUE(peer.wait_for_requests(1));
    client.cancel();
  }};
  EXPECT_EQ(failure_of(client, request_for(peer.url(), 60s)), kind::cancelled);
  canceller.join();
  EXPECT_EQ(failure_of(client, request_for(peer.url(), 60s)), kind::cancelled);
  EXPECT_EQ(peer.requests(), 1u);
}

TEST(http_client, a_redirect_is_followed_but_not_for_ever) {
  http_peer peer{[](std::size_t, const std::string& head) {
    if (head.starts_with("GET /end "))
      return peer_reply{http_reply("200 OK", "there")};
    return peer_reply{http_reply("302 Found", "moved", head.starts_with("GET /loop ") ? "Location: /loop\r\n" : "Location: /end\r\n")};
  }};
  http_client client;
  const auto answer = client.get(request_for(peer.url("/begin")));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->body, "there");
  EXPECT_EQ(answer->header("location"), std::nullopt);
  EXPECT_EQ(failure_of(client, request_for(peer.url("/loop"))), kind::broken);
  EXPECT_EQ(peer.requests(), 2u + 4u);
}

TEST(http_client, headers_go_to_the_host_that_was_asked_alone) {
  http_peer other{always({http_reply("200 OK", "other")})};
  http_peer asked{[&](std::size_t number, const std::string&) {
    const auto target = number == 0 ? std::string{"/again"} : other.url();
    return peer_reply{http_reply("302 Found", "", "Location: " + target + "\r\n")};
  }};
  http_client client;
  auto request = request_for(asked.url());
  request.headers = {{"X-MBX-APIKEY", "secret"}};
  ASSERT_TRUE(client.get(request));
  for (const auto& head : asked.heads())
    EXPECT_NE(head.find("X-MBX-APIKEY: secret"), std::string::npos);
  ASSERT_EQ(asked.requests(), 2u);
  ASSERT_EQ(other.requests(), 1u);
  EXPECT_EQ(other.heads().front().find("secret"), std::string::npos);
}

TEST(http_client, only_http_is_followed) {
  http_peer peer{always({http_reply("302 Found", "", "Location: file:///etc/passwd\r\n")})};
  http_client client;
  EXPECT_EQ(failure_of(client, request_for(peer.url())), kind::broken);
  for (const auto* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "no url at all", "", "http://"})
    EXPECT_EQ(failure_of(client, request_for(url)), kind::bad_request) << url;
}

TEST(http_client, a_header_cannot_bring_another_one) {
  http_peer peer{always({http_reply("200 OK", "{}")})};
  http_client client;
  auto request = request_for(peer.url());
  request.headers = {{"X-MBX-APIKEY", "secret\r\nX-Other: 1"}};
  const auto answer = client.get(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, kind::bad_request);
  EXPECT_EQ(answer.error().detail.find("secret"), std::string::npos);
  EXPECT_EQ(peer.requests(), 0u);
}

TEST(http_client, a_failure_leaves_the_client_usable) {
  http_peer peer{[](std::size_t number, const std::string&) {
    return number % 2 == 0 ? peer_reply{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", after_reply::close}
                           : peer_reply{http_reply("200 OK", "{}")};
  }};
  http_client client;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(failure_of(client, request_for(peer.url())), kind::broken);
    EXPECT_TRUE(client.get(request_for(peer.url())));
  }
}

} // namespace
} // namespace holdfast

#include "runtime/http_origin.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

http_origin at(const std::string& url) { return http_origin::of(url).value(); }

TEST(http_origin, a_port_that_is_left_out_is_the_usual_one) {
  EXPECT_EQ(at("https://api.binance.com/x"), at("https://api.binance.com:443"));
  EXPECT_NE(at("https://api.binance.com"), at("http://api.binance.com"));
  EXPECT_NE(at("https://api.binance.com"), at("https://api1.binance.com"));
}

TEST(http_origin, a_redirect_from_https_to_http_is_not_followed) {
  EXPECT_FALSE(at("https://api.binance.com").may_redirect_to(at("http://api.binance.com")));
  EXPECT_FALSE(at("https://api.binance.com").may_redirect_to(at("http://127.0.0.1:8080")));
  EXPECT_TRUE(at("https://api.binance.com").may_redirect_to(at("https://www.binance.com")));
  EXPECT_TRUE(at("http://127.0.0.1:8080").may_redirect_to(at("http://127.0.0.1:8081")));
}

TEST(http_origin, what_is_neither_http_nor_https_has_none) {
  for (const char* url : {"", "file:///etc/passwd", "ftp://x", "https://", "api.binance.com:x", "gopher://x", "javascript:x"})
    EXPECT_FALSE(http_origin::of(url)) << url;
}

TEST(http_origin, loopback_is_what_is_written_so) {
  EXPECT_TRUE(at("http://127.0.0.1:1").loopback());
  EXPECT_TRUE(at("http://[::1]:1").loopback());
  EXPECT_TRUE(at("http://localhost").loopback());
  EXPECT_FALSE(at("http://10.0.0.1").loopback());
}

} // namespace
} // namespace holdfast

#include "runtime/redis_url.hpp"

#include <string>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(redis_url, every_part_is_read) {
  const auto url = redis_url::parse("redis://trader:s%40fe@cache.example:6380/7");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "trader");
  EXPECT_EQ(url->password, "s@fe");
  EXPECT_EQ(url->host, "cache.example");
  EXPECT_EQ(url->port, 6380);
  EXPECT_EQ(url->database, 7u);
}

TEST(redis_url, what_is_left_out_has_its_usual_value) {
  const auto url = redis_url::parse("redis://localhost");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->port, 6379);
  EXPECT_EQ(url->database, 0u);
  EXPECT_TRUE(url->password.empty());
}

TEST(redis_url, an_address_of_ipv6_stands_in_brackets) {
  const auto url = redis_url::parse("redis://:pw@[::1]:6390/2");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 6390);
  EXPECT_EQ(url->endpoint(), "redis://[::1]:6390/2");
}

TEST(redis_url, a_unix_socket_has_a_path_and_a_database) {
  const auto url = redis_url::parse("unix:///run/redis/redis.sock?db=3");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->socket, "/run/redis/redis.sock");
  EXPECT_EQ(url->database, 3u);
}

TEST(redis_url, a_socket_path_may_be_escaped) {
  const auto url = redis_url::parse("unix:///run/my%20redis.sock");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->socket, "/run/my redis.sock");
}

TEST(redis_url, tls_is_refused_by_name) {
  const auto url = redis_url::parse("rediss://cache.example");
  ASSERT_FALSE(url);
  EXPECT_NE(url.error().find("TLS"), std::string::npos);
}

TEST(redis_url, nonsense_is_refused_with_what_is_accepted) {
  for (const char* text : {"", "redis", "http://x", "redis://", "redis://host:0", "redis://host:70000", "redis://host:6379x",
                           "redis://host/x", "redis://host/-1", "redis://[::1", "redis://[::1]6379", "redis://h/1/2",
                           "redis://a b", "redis://u:%zz@h", "redis://u:%4@h", "unix://relative", "unix:///x?db=", "unix:///x?y=1"}) {
    const auto url = redis_url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_NE(url.error().find("accepted:"), std::string::npos) << text;
  }
}

TEST(redis_url, a_bracket_in_a_host_is_refused) {
  for (const char* text : {"redis://[[]:6379/0", "redis://a]b", "redis://a[b:1"})
    EXPECT_FALSE(redis_url::parse(text)) << text;
}

TEST(redis_url, no_error_ever_holds_the_password) {
  for (const char* text : {"redis://u:SECRET@host:x/0", "redis://u:SECRET@host/x", "redis://u:SECRET", "redis://:SEC/SECRET@host",
                           "redis://u:p/SECRET@host:6379/0", "redis://u:SECRET%zz@host", "rediss://u:SECRET@host",
                           "redis://u:a?SECRET@h:p", "http://u:SECRET@host"}) {
    const auto url = redis_url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().find("SECRET"), std::string::npos) << url.error();
  }
}

TEST(redis_url, no_error_repeats_what_was_typed_behind_a_socket) {
  const auto url = redis_url::parse("unix:///run/redis.sock?db=redis://u:SECRET@host");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().find("SECRET"), std::string::npos) << url.error();
}

TEST(redis_url, the_text_for_people_has_no_password) {
  const auto url = redis_url::parse("redis://u:SECRET@host:1/0");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->endpoint(), "redis://host:1/0");
}

} // namespace
} // namespace holdfast

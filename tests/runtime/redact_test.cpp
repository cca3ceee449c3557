#include "runtime/redact.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(redact, what_looks_like_a_secret_is_taken_out) {
  EXPECT_EQ(redact("redis://user:pass@host:6379/0 is away"), "redis://***@host:6379/0 is away");
  EXPECT_EQ(redact("redis://:pass@host"), "redis://***@host");
  EXPECT_EQ(redact("GET /order?symbol=A&signature=deadbeef&x=1"), "GET /order?symbol=A&signature=***&x=1");
  EXPECT_EQ(redact("password: hunter2, next"), "password: ***, next");
  EXPECT_EQ(redact("{\"token\":\"abc\",\"a\":1}"), "{\"token\":\"***\",\"a\":1}");
  EXPECT_EQ(redact("X-MBX-APIKEY: k3y"), "X-MBX-APIKEY: ***");
  EXPECT_EQ(redact("Authorization: Bearer abc.def refused"), "Authorization: Bearer *** refused");
  EXPECT_EQ(redact("API_KEY=1 Secret=2"), "API_KEY=*** Secret=***");
}

TEST(redact, what_is_no_secret_stays) {
  for (const auto* text : {"", "http://host/path@x", "the token is wrong", "timeout after 10 s", "password:", "a://", "密钥 is gone"})
    EXPECT_EQ(redact(text), text);
}

} // namespace
} // namespace holdfast

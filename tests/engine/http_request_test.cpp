#define CAF_SUITE http_request

#include "engine/http_request.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

namespace {

std::string decoded(std::string text) {
  text.resize(decode_percent(text.data()));
  return text;
}

expected<request_meaning, gateway_answer> meaning_of(std::string_view method, std::string_view path, bool local = false) {
  return read_request({method, path, {}, {}, local, [](const char*) { return std::string_view{}; }});
}

unsigned refusal_of(std::string_view method, std::string_view path, bool local = false) {
  const auto what = meaning_of(method, path, local);
  return what ? 0 : what.error().status;
}

} // namespace

CAF_TEST(percents are decoded and what would end the text stays) {
  CAF_CHECK_EQUAL(decoded("/a%20b%E5%B8%81"), "/a b币");
  CAF_CHECK_EQUAL(decoded("/a%00b"), "/a%00b");
  CAF_CHECK_EQUAL(decoded("%"), "%");
  CAF_CHECK_EQUAL(decoded("%4"), "%4");
  CAF_CHECK_EQUAL(decoded("%zz%+1%2541"), "%zz%+1%41");
}

CAF_TEST(only the whole token lets in) {
  for (const char* right : {"Bearer secret", "bearer secret", "BEARER secret"})
    CAF_CHECK(bears_token(right, "secret"));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Bearer Secret", "Basic secret", "secret"})
    CAF_CHECK(!bears_token(wrong, "secret"));
}

CAF_TEST(only literal addresses and localhost are this host) {
  for (const char* right : {"", "localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "10.0.0.7:80", "[::1]", "[::1]:8080"})
    CAF_CHECK(is_literal_host(right));
  for (const char* wrong : {"x", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:80:80",
                            "127.0.0.1:8o", "[::1", "[::1]x", "[evil]", "[", ":", "::1", "[localhost]", "127.1", "localhost:80x"})
    CAF_CHECK(!is_literal_host(wrong));
  CAF_CHECK(!is_literal_host('[' + std::string(100, '1') + ']'));
}

CAF_TEST(nothing is changed from outside) {
  for (const char* path : {"/control/incr/metrics:a:b/1", "/control/accept/spot"}) {
    CAF_CHECK_EQUAL(refusal_of("POST", path), 405u);
    CAF_CHECK_EQUAL(refusal_of("GET", path, true), 404u);
    CAF_CHECK(meaning_of("POST", path, true).has_value());
  }
}

CAF_TEST(an amount is a whole number of 64 bits) {
  for (const char* amount : {"", "x", "1x", "99999999999999999999", "1.5", "+1"})
    CAF_CHECK_EQUAL(refusal_of("POST", std::string{"/control/incr/metrics:a:b/"} + amount, true), 400u);
  const auto least = meaning_of("POST", "/control/incr/metrics:a:b/-9223372036854775808", true);
  CAF_REQUIRE(least.has_value());
  CAF_CHECK_EQUAL(least->amount, INT64_MIN);
}

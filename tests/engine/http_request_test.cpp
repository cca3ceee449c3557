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
  CAF_CHECK(bears_token("Bearer secret", "secret"));
  for (const char* wrong : {"", "Bearer ", "Bearer secre", "Bearer secrets", "bearer secret", "Basic secret", "secret"})
    CAF_CHECK(!bears_token(wrong, "secret"));
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

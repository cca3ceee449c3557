// Any text as the address of a Redis: no crash, no password in what is shown, and an address is what it was read as.
#include "runtime/redis_url.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace holdfast {
namespace {

using fuzz::expect;

std::string percent(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string written(const redis_url& url) {
  if (!url.socket.empty())
    return "unix://" + percent(url.socket) + (url.database == 0 ? "" : "?db=" + std::to_string(url.database));
  const bool v6 = url.host.find(':') != std::string::npos;
  return "redis://" + percent(url.user) + ':' + percent(url.password) + '@' + (v6 ? '[' + url.host + ']' : url.host) + ':'
         + std::to_string(url.port) + '/' + std::to_string(url.database);
}

void check(std::string_view text) {
  const auto url = redis_url::parse(text);
  if (!url) {
    // Between the scheme and the last @ there may be a password.
    const auto end = text.rfind('@');
    const auto begin = text.find("//");
    if (begin == text.npos || end == text.npos || end < begin + 10)
      return;
    const auto secret = text.substr(begin + 2, end - begin - 2);
    const bool in_every_error = redis_url::parse("x").error().find(secret) != std::string::npos;
    expect(in_every_error || url.error().find(secret) == std::string::npos, "an error repeats the password");
    return;
  }
  if (!url->password.empty() && url->host.find(url->password) == std::string::npos && url->password.size() > 5)
    expect(url->endpoint().find(url->password) == std::string::npos, "the endpoint shows the password");
  if (!url->user.empty() && url->password.empty())
    return;
  const auto again = redis_url::parse(written(*url));
  expect(again.has_value(), "cannot be read again: " + written(*url));
  expect(again->socket == url->socket && again->database == url->database, "read differently again");
  expect(!url->socket.empty()
           || (again->host == url->host && again->port == url->port && again->user == url->user && again->password == url->password),
         "read differently again: " + written(*url));
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

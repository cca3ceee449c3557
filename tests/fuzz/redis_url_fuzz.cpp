// Any text as the address of a Redis: no crash, no password in what is shown, and an address is what it was read as.
#include <set>

#include "runtime/redis_url.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace holdfast {
namespace {

using fuzz::expect;

constexpr std::size_t refusals = 10; // that redis_url.cpp knows

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
    // Errors are fixed texts: what was typed, a password perhaps, is in none of them.
    static std::set<std::string> errors;
    errors.insert(url.error());
    expect(errors.size() <= refusals, "an error repeats what was typed: " + url.error());
    return;
  }
  auto open = *url;
  open.password.clear();
  expect(url->endpoint() == open.endpoint(), "the endpoint shows the password");
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

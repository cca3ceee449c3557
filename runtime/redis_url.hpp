// Where a Redis is, from its URL: redis://[[user]:password@]host[:port][/db] or unix:///path[?db=n].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/runtime/expected.hpp>

namespace holdfast {

struct redis_url {
  std::string host = "127.0.0.1"; // unused with a socket
  std::uint16_t port = 6379;
  std::string socket;             // path of a unix socket; empty: TCP
  std::string user;
  std::string password;
  std::uint32_t database = 0;

  // The error says what is wrong and what is accepted; it never repeats a part that could be the password.
  static expected<redis_url, std::string> parse(std::string_view text);

  // For people: without the password.
  std::string endpoint() const;
};

} // namespace holdfast

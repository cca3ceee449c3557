#include "runtime/redis_url.hpp"

#include <charconv>
#include <optional>

namespace holdfast {

namespace {

constexpr const char* accepted = "; accepted: redis://[[user]:password@]host[:port][/db] or unix:///path[?db=n]";

std::optional<std::uint32_t> to_number(std::string_view text, std::uint32_t most) noexcept {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number > most)
    return std::nullopt;
  return number;
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size() || std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr != text.data() + i + 3)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

expected<redis_url, std::string> refuse(const std::string& why) { return unexpected{why + accepted}; }

expected<redis_url, std::string> parse_socket(std::string_view rest) {
  redis_url url;
  const auto query = rest.find('?');
  const auto path = decode_percent(rest.substr(0, query));
  if (!path || path->find('\0') != std::string::npos)
    return refuse("the path of the unix socket has a broken percent escape");
  url.socket = *path;
  if (url.socket.empty() || url.socket.front() != '/')
    return refuse("a unix socket needs an absolute path");
  if (url.socket.size() > 107)
    return refuse("the path of the unix socket is longer than 107 bytes");
  if (query != std::string_view::npos) {
    const auto text = rest.substr(query + 1);
    const auto number = text.starts_with("db=") ? to_number(text.substr(3), 1 << 20) : std::nullopt;
    if (!number)
      return refuse("what follows the '?' is no database");
    url.database = *number;
  }
  return url;
}

// user:password, either may be empty.
bool parse_credentials(std::string_view text, redis_url& url) {
  const auto colon = text.find(':');
  const auto user = decode_percent(text.substr(0, colon));
  const auto password = decode_percent(colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1));
  if (!user || !password)
    return false;
  url.user = *user;
  url.password = *password;
  return true;
}

bool is_host(std::string_view text) noexcept { return !text.empty() && text.find_first_of("[]") == std::string_view::npos; }

bool parse_host(std::string_view text, redis_url& url) {
  auto port = std::string_view::npos;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return false;
    url.host = text.substr(1, end - 1);
    if (end + 1 < text.size())
      port = end + 1;
  } else {
    port = text.find(':');
    url.host = text.substr(0, port);
  }
  if (port == std::string_view::npos)
    return is_host(url.host);
  const auto number = text[port] == ':' ? to_number(text.substr(port + 1), 65535) : std::nullopt;
  if (!number || *number == 0)
    return false;
  url.port = static_cast<std::uint16_t>(*number);
  return is_host(url.host);
}

} // namespace

// What was typed is never repeated: with a '/' or '@' forgotten, any part of it may be the password.
expected<redis_url, std::string> redis_url::parse(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return refuse("the URL holds a blank or control character");
  if (text.starts_with("unix://"))
    return parse_socket(text.substr(7));
  if (text.starts_with("rediss://"))
    return refuse("rediss:// needs TLS, which the installed hiredis does not have");
  if (!text.starts_with("redis://"))
    return refuse("the URL has no known scheme");
  auto rest = text.substr(8);
  redis_url url;
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    const auto path = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    if (!path.empty()) {
      const auto number = to_number(path, 1 << 20);
      if (!number)
        return refuse("what follows the '/' is no database (a '/' in a password is written %2F)");
      url.database = *number;
    }
  }
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    if (!parse_credentials(rest.substr(0, at), url))
      return refuse("user or password has a broken percent escape");
    rest = rest.substr(at + 1);
  }
  if (!parse_host(rest, url))
    return refuse("there is no host, or no port from 1 to 65535 after its ':'");
  return url;
}

std::string redis_url::endpoint() const {
  std::string text{socket.empty() ? "redis://" : "unix://"};
  if (socket.empty()) {
    const bool literal_v6 = host.find(':') != std::string::npos;
    text += literal_v6 ? "[" : "";
    text += host;
    text += literal_v6 ? "]:" : ":";
    text += std::to_string(port);
  } else {
    text += socket;
  }
  text += socket.empty() ? "/" : "?db=";
  text += std::to_string(database);
  return text;
}

} // namespace holdfast

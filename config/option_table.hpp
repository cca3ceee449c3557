// Every option once: its name, what it takes, where else it may come from, what it means, and how text becomes a field
// of `options`. The command line, the environment, the configuration file, `--help`, the man pages, the completions and
// docs/configuration.md are all made from this table.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/config/options.hpp>

namespace holdfast {

enum class option_kind : std::uint8_t { text, list, duration, number };

// A field of `options` as text.
struct option_field {
  std::function<bool(options&, std::string_view)> set; // false: not accepted
  std::function<std::string(const options&)> text;     // as `set` takes it
};

struct option_entry {
  std::string_view name;
  option_kind kind;
  std::vector<std::string_view> environment; // the first that is set wins
  std::string_view accepted;                 // for the error
  std::string_view meaning;
  option_field field;
  std::string_view otherwise = {};           // for people: what an empty default stands for
};

// For people.
std::string default_of(const option_entry& option);

std::span<const option_entry> option_table();
const option_entry* find_option(std::string_view name);

// "250ms", "10s", "5min", "1h", "0"; not negative, at most 366 days.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text,
                                                       std::chrono::nanoseconds most = std::chrono::hours{24 * 366});

// The shortest of hours, seconds, milliseconds and nanoseconds that is exact: "24h", "300s", "250ms", "0".
std::string duration_text(std::chrono::nanoseconds length);

// "a,b" or ["a","b"].
std::vector<std::string> parse_list(std::string_view text);

struct http_address {
  std::string host;
  std::uint16_t port = 0;
  bool loopback = false;
};
std::optional<http_address> parse_http_address(std::string_view text);

} // namespace holdfast

#include "config/option_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <arpa/inet.h>

#include "runtime/redis_url.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view duration_accepted = "a duration with a unit (ms, s, min, h) or a bare 0, not negative, at most 366 days";
constexpr std::string_view history_accepted = "a duration with a unit (ms, s, min, h) or a bare 0, not negative, at most 10 years";
constexpr std::chrono::nanoseconds history_most = std::chrono::hours{24 * 3653};
constexpr std::string_view positive_accepted = "a duration with a unit (ms, s, min, h), above zero, at most 366 days";

template <class Number>
bool set_number(Number& field, std::string_view text, Number least, Number most) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
    return false;
  field = number;
  return true;
}

option_field number_into(std::uint32_t options::*field, std::uint32_t least, std::uint32_t most) {
  return {[=](options& into, std::string_view text) { return set_number(into.*field, text, least, most); },
          [=](const options& from) { return std::to_string(from.*field); }};
}

option_field duration_into(std::chrono::nanoseconds options::*field, std::chrono::nanoseconds least,
                           std::chrono::nanoseconds most = std::chrono::hours{24 * 366}) {
  return {[=](options& into, std::string_view text) {
            const auto value = parse_duration(text, most);
            if (!value || *value < least)
              return false;
            into.*field = *value;
            return true;
          },
          [=](const options& from) { return duration_text(from.*field); }};
}

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

// A text for which `accepts` holds.
template <class Accepts>
option_field text_where(std::string options::*field, Accepts accepts) {
  return {[field, accepts = std::move(accepts)](options& into, std::string_view text) {
            if (!accepts(text))
              return false;
            into.*field = text;
            return true;
          },
          [field](const options& from) { return from.*field; }};
}

option_field text_into(std::string options::*field) { return text_where(field, is_plain); }

option_field one_of(std::string options::*field, std::vector<std::string_view> values) {
  return text_where(field, [values = std::move(values)](std::string_view text) {
    return std::find(values.begin(), values.end(), text) != values.end();
  });
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items)
    text += (text.empty() ? "" : ",") + item;
  return text;
}

// With a host, and a port that can be one where one is named.
bool is_http_url(std::string_view url) {
  const auto scheme = url.starts_with("http://") ? 7u : url.starts_with("https://") ? 8u : 0u;
  if (scheme == 0 || !is_plain(url) || url.find(' ') != std::string_view::npos)
    return false;
  auto place = url.substr(scheme);
  place = place.substr(0, place.find_first_of("/?#"));
  place.remove_prefix(place.rfind('@') + 1); // all of it where there is none
  const auto bracket = place.starts_with('[') ? place.find(']') : 0;
  if (bracket == std::string_view::npos)
    return false;
  const auto colon = place.find(':', bracket);
  std::uint16_t port = 0;
  const auto host = place.substr(0, colon);
  return !host.empty() && host != "[]"
         && (colon == std::string_view::npos || set_number<std::uint16_t>(port, place.substr(colon + 1), 1, 65535));
}

// A name is looked up by nobody: what it leads to may change.
bool is_literal_address(const std::string& host) {
  in6_addr address{}; // large enough for both
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 || ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

option_field urls_into(std::vector<std::string> options::*field) {
  return {[field](options& into, std::string_view text) {
            auto urls = parse_list(text);
            for (auto& url : urls) {
              if (!is_http_url(url))
                return false;
              while (url.ends_with('/'))
                url.pop_back();
            }
            if (urls.empty())
              return false;
            into.*field = std::move(urls);
            return true;
          },
          [field](const options& from) { return joined(from.*field); }};
}

option_field names_into(std::vector<std::string> options::*field, std::size_t longest) {
  return {[field, longest](options& into, std::string_view text) {
            auto assets = parse_list(text);
            for (const auto& asset : assets)
              if (asset.empty() || asset.size() > longest || !is_plain(asset) || asset.find(' ') != std::string::npos)
                return false;
            into.*field = std::move(assets);
            return true;
          },
          [field](const options& from) { return joined(from.*field); }};
}

option_field assets_into(std::vector<std::string> options::*field) { return names_into(field, 32); }
option_field symbols_into(std::vector<std::string> options::*field) { return names_into(field, 64); }

std::vector<option_entry> make_table() {
  using enum option_kind;
  const std::string_view urls = "http:// or https:// URLs, separated by commas";
  const std::string_view assets = "asset names, separated by commas";
  const std::string_view symbol_names = "symbol names, separated by commas";
  return {
    {"store", text, {"HOLDFAST_STORE"}, "auto, redis, embedded", "where counters and lists are shared; auto: redis if a URL is given",
     one_of(&options::store, {"auto", "redis", "embedded"})},
    {"redis-url", text, {"REDIS_URL", "CELERY_BROKER_URL"}, "redis://[[user]:password@]host[:port][/db] or unix:///path[?db=n]",
     "the Redis to share through",
     text_where(&options::redis_url, [](std::string_view url) { return redis_url::parse(url).has_value(); }), "none"},
    {"redis-connect-timeout", duration, {}, positive_accepted, "deadline of a connect", duration_into(&options::redis_connect_timeout, 1ms)},
    {"redis-command-timeout", duration, {}, positive_accepted, "deadline of a pipeline", duration_into(&options::redis_command_timeout, 1ms)},
    {"state-dir", text, {"HOLDFAST_STATE_DIR"}, "a path", "ledger, embedded store and last good lists", text_into(&options::state_dir),
     "$XDG_STATE_HOME/holdfast, else ~/.local/state/holdfast"},
    {"spot-urls", list, {}, urls, "the exchange's spot API, tried in order", urls_into(&options::spot_urls)},
    {"futures-urls", list, {}, urls, "the exchange's futures API, tried in order", urls_into(&options::futures_urls)},
    {"api-key-file", text, {}, "a file that only its owner can read", "holds the key of the private API", text_into(&options::api_key_file), "none"},
    {"quote-assets", list, {}, assets, "keep symbols quoted in these; empty: all", assets_into(&options::quote_assets)},
    {"priority-assets", list, {}, assets, "listed first, in this order", assets_into(&options::priority_assets),
     "BTC,ETH,BNB,SOL,ADA,AVAX,DOT,MATIC,LINK,UNI; for futures the first eight"},
    {"spot-ttl", duration, {"SPOT_SYMBOLS_CACHE_TTL_SECONDS"}, positive_accepted, "how long the spot list is fresh", duration_into(&options::spot_ttl, 1ms)},
    {"futures-ttl", duration, {"FUTURES_SYMBOLS_CACHE_TTL_SECONDS"}, positive_accepted, "how long the futures list is fresh", duration_into(&options::futures_ttl, 1ms)},
    {"spot-warmup-interval", duration, {"SPOT_SYMBOLS_WARMUP_INTERVAL_SECONDS"}, duration_accepted, "refresh of the spot list; 0: none", duration_into(&options::spot_warmup_interval, 0ns)},
    {"futures-warmup-interval", duration, {"FUTURES_SYMBOLS_WARMUP_INTERVAL_SECONDS"}, duration_accepted, "refresh of the futures list; 0: none", duration_into(&options::futures_warmup_interval, 0ns)},
    {"warmup-max-retries", number, {}, "a number from 0 to 1000", "retries of a failed refresh per interval",
     number_into(&options::warmup_max_retries, 0, 1000)},
    {"fetch-timeout", duration, {}, positive_accepted, "deadline of one fetch", duration_into(&options::fetch_timeout, 1ms)},
    {"max-response-bytes", number, {}, "a number from 1048576 to 1073741824", "the largest body of the exchange that is read, decoded",
     number_into(&options::max_response_bytes, 1u << 20, 1u << 30)},
    {"keep-percent-min", number, {}, "a number from 0 to 100", "share of the symbols in TRADING that a new list must still have",
     number_into(&options::keep_percent_min, 0, 100)},
    {"spot-pinned", list, {}, symbol_names, "a spot list without these is not believed", symbols_into(&options::spot_pinned), "none"},
    {"futures-pinned", list, {}, symbol_names, "a futures list without these is not believed", symbols_into(&options::futures_pinned), "none"},
    {"keep-gone", duration, {}, duration_accepted, "how long a symbol that vanished from the list stays findable, as GONE", duration_into(&options::keep_gone, 0ns)},
    {"weight-percent-max", number, {}, "a number from 1 to 100", "share of the exchange's request limit above which a refresh waits",
     number_into(&options::weight_percent_max, 1, 100)},
    {"max-restarts", number, {}, "a number from 0 to 1000", "restarts of a fetcher within the window",
     number_into(&options::max_restarts, 0, 1000)},
    {"restart-window", duration, {}, positive_accepted, "the window of max-restarts", duration_into(&options::restart_window, 1ms)},
    {"flush-interval", duration, {}, positive_accepted, "ledger to store", duration_into(&options::flush_interval, 1ms)},
    {"http", text, {"HOLDFAST_HTTP"}, "off or HOST:PORT, a literal address or localhost", "address of the HTTP gateway",
     text_where(&options::http, [](std::string_view address) { return address == "off" || parse_http_address(address); }),
     "off; for holdfast serve: 127.0.0.1:8080"},
    {"http-token", text, {"HOLDFAST_HTTP_TOKEN"}, "text without control characters", "wanted as a bearer token by every route with data", text_into(&options::http_token), "none"},
    {"log-level", text, {"HOLDFAST_LOG_LEVEL"}, "trace, debug, info, warn, error, off", "what is logged", one_of(&options::log_level, {"trace", "debug", "info", "warn", "error", "off"})},
    {"history-10s", duration, {}, history_accepted, "how long totals of every 10 s are kept", duration_into(&options::history_fine, 0ns, history_most)},
    {"history-1min", duration, {}, history_accepted, "how long totals of every minute are kept", duration_into(&options::history_minutes, 0ns, history_most)},
    {"history-1h", duration, {}, history_accepted, "how long totals of every hour are kept", duration_into(&options::history_hours, 0ns, history_most)},
    {"ledger-capacity", number, {}, "a number from 16 to 1000000", "counters of one process",
     number_into(&options::ledger_capacity, 16, 1'000'000)},
    {"ledger-sync-interval", duration, {}, duration_accepted, "ledger to the disk itself, against loss of power; 0: when the kernel likes", duration_into(&options::ledger_sync_interval, 0ns)},
    {"ledger-stripes", number, {}, "a number from 0 to 4096", "threads that count without atomics",
     number_into(&options::ledger_stripes, 0, 4096)},
  };
}

} // namespace

std::span<const option_entry> option_table() {
  static const auto table = make_table();
  return table;
}

const option_entry* find_option(std::string_view name) {
  for (const auto& entry : option_table())
    if (entry.name == name)
      return &entry;
  return nullptr;
}

std::string default_of(const option_entry& option) {
  return option.otherwise.empty() ? option.field.text(options{}) : std::string{option.otherwise};
}

std::string duration_text(std::chrono::nanoseconds length) {
  if (length == 0ns)
    return "0";
  for (const auto& [unit, name] : {std::pair{3'600'000'000'000, "h"}, {1'000'000'000, "s"}, {1'000'000, "ms"}})
    if (length.count() % unit == 0)
      return std::to_string(length.count() / unit) + name;
  return std::to_string(length.count()) + "ns";
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text, std::chrono::nanoseconds most) {
  if (text == "0")
    return 0ns;
  constexpr auto units = std::to_array<std::pair<std::string_view, std::int64_t>>(
    {{"ns", 1}, {"us", 1000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"min", 60'000'000'000}, {"h", 3'600'000'000'000}});
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0)
    return std::nullopt;
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  for (const auto& [name, length] : units)
    if (unit == name && number <= most.count() / length)
      return std::chrono::nanoseconds{number * length};
  return std::nullopt;
}

std::vector<std::string> parse_list(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']'))
    text = text.substr(1, text.size() - 2);
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const auto strip = [&](std::string_view what) {
      const auto begin = item.find_first_not_of(what);
      item = begin == std::string_view::npos ? std::string_view{} : item.substr(begin, item.find_last_not_of(what) - begin + 1);
    };
    strip(" ");
    strip("\"");
    items.emplace_back(item);
  }
  return items;
}

std::optional<http_address> parse_http_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return std::nullopt;
  http_address address;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  address.host = host == "localhost" ? "127.0.0.1" : std::string{host};
  if (!set_number<std::uint16_t>(address.port, text.substr(colon + 1), 0, 65535) || !is_literal_address(address.host))
    return std::nullopt;
  address.loopback = address.host.starts_with("127.") || address.host == "::1";
  return address;
}

} // namespace holdfast

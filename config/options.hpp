// Every setting of an engine, as plain values: what the actors and passive parts are built from. engine_config adds
// the ways to fill it (command line, environment, file). Units are in the types; the meaning of each field, its
// option name and its environment variable are in option_table.hpp, which help, checks and documentation are made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/market.hpp>

namespace holdfast {

struct HOLDFAST_EXPORT options {
  using duration = std::chrono::nanoseconds; // of all settings that are times, whatever unit their text has

  std::string store = "auto"; // "auto", "redis", "embedded"
  std::string redis_url; // redis://[[user]:password@]host[:port][/db] or unix:///path[?db=n]; never logged with its password
  duration redis_connect_timeout = std::chrono::milliseconds{250}; // of one attempt; the next comes with backoff
  duration redis_command_timeout = std::chrono::milliseconds{500}; // of one pipeline of commands
  std::string state_dir; // empty: $XDG_STATE_HOME/holdfast, else ~/.local/state/holdfast
  // http:// or https://, no slash at the end; tried in order.
  std::vector<std::string> spot_urls{"https://api.binance.com",  "https://api-gcp.binance.com",
                                     "https://api1.binance.com", "https://api2.binance.com",
                                     "https://api3.binance.com", "https://api4.binance.com",
                                     "https://data-api.binance.vision"};
  std::vector<std::string> futures_urls{"https://fapi.binance.com"}; // likewise
  std::string exchange; // what the lists are of where the URLs do not tell, as a port that differs each time; no option
  std::string api_key;      // from HOLDFAST_API_KEY or the file; never an option of its own, never logged
  std::string api_key_file; // read by parse(); only its owner may be able to read it
  std::vector<std::string> quote_assets{"USDT"}; // empty: all
  std::vector<std::string> priority_assets = default_priority(); // empty: none
  duration spot_ttl = std::chrono::seconds{300}; // a table is stale from then on, and still answered
  duration futures_ttl = std::chrono::seconds{300}; // likewise
  duration spot_warmup_interval = std::chrono::seconds{300}; // 0: no warmup
  duration futures_warmup_interval = std::chrono::seconds{300}; // likewise
  std::uint32_t warmup_max_retries = 5; // of a failed refresh, within one interval
  std::uint32_t keep_percent_min = 70;     // of the symbols in TRADING: a new list with fewer is not believed
  std::vector<std::string> spot_pinned;    // a list without these is not believed
  std::vector<std::string> futures_pinned; // likewise
  duration keep_gone = std::chrono::hours{24 * 30}; // what vanished from the exchange's list stays findable, as GONE
  std::uint32_t weight_percent_max = 80; // of the exchange's limit per minute, whoever uses it: above it a refresh yields
  duration fetch_timeout = std::chrono::seconds{10}; // of a whole fetch, all its requests together
  std::uint32_t max_restarts = 5; // of a fetcher within restart_window; past it, pauses are those of an open circuit
  duration restart_window = std::chrono::seconds{60}; // of max_restarts
  duration flush_interval = std::chrono::milliseconds{100}; // ledger to store: how old an increment may be there
  std::string http = "off"; // "off" or "host:port"
  std::string http_token; // wanted as a bearer token by every route with data; empty: none
  std::string log_level = "info"; // of the program; a host sets that of its logger
  duration history_fine = std::chrono::hours{24};         // points every 10 s; 0: none, as for the next two
  duration history_minutes = std::chrono::hours{24 * 30}; // points every minute
  duration history_hours = std::chrono::hours{24 * 731};  // points every hour
  std::uint32_t ledger_capacity = 4096; // counters of one process
  std::uint32_t ledger_stripes = 64;    // threads counting without atomics
  duration ledger_sync_interval{0};     // ledger to the disk itself; 0: when the kernel likes
  std::uint32_t max_response_bytes = 64u << 20; // of one body of the exchange, decoded

  // Of the market asked about, in the order in which they are tried.
  const std::vector<std::string>& urls(market which) const noexcept {
    return which == market::spot ? spot_urls : futures_urls;
  }
  // Of the market asked about; empty: a list is believed without any.
  const std::vector<std::string>& pinned(market which) const noexcept {
    return which == market::spot ? spot_pinned : futures_pinned;
  }
  // Of the market asked about: how long after its fetch a table is fresh.
  duration ttl(market which) const noexcept { return which == market::spot ? spot_ttl : futures_ttl; }
  // Of the market asked about; 0: no warmup.
  duration warmup_interval(market which) const noexcept {
    return which == market::spot ? spot_warmup_interval : futures_warmup_interval;
  }
  // Listed first by default; of futures the first eight.
  static std::vector<std::string> default_priority();
  // The assets listed first in this market.
  std::vector<std::string> priority(market which) const;
  // Names the exchange of this market (site_name() of its first URL): who has the same one shares its budget.
  std::string site(market which) const;
  // "redis" or "embedded", after resolving "auto".
  bool uses_redis() const noexcept { return store == "redis" || (store == "auto" && !redis_url.empty()); }
};

} // namespace holdfast

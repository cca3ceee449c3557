// An exchange on a loopback port that answers like Binance's `exchangeInfo`: symbols made from a seed (or given bodies),
// gzip, used-weight headers, the ladder of 429 and 418, small changes between polls, and faults that are switched on
// while it runs.
//
// Threads  every member function may be called from any thread. A thread per connection, so that a fault may keep its
//          peer waiting without a timer; all of them end with the object.
// Bounds   loopback only; 256 connections.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/clock.hpp"
#include "runtime/market.hpp"

namespace holdfast {

struct simulated_exchange_options {
  std::uint16_t port = 0; // 0: a free one
  std::uint64_t seed = 1;
  std::size_t spot_symbols = 2500;
  std::size_t futures_symbols = 600;
  std::array<std::string, market_count> bodies; // instead of made ones
  unsigned changes_per_poll = 0;                // listings, delistings, status and tick changes
  std::array<std::int64_t, market_count> weight_limits{6000, 2400}; // per minute
  clock_ptr clock = system_clocks();
};

enum class exchange_fault : std::uint8_t {
  none,
  server_error,       // 500 with an error body
  bad_gateway,        // 502 with HTML
  firewall,           // 403 with HTML
  blocked,            // 451, as recorded
  too_many,           // 429 with Retry-After
  banned,             // 418 with Retry-After and the end of the ban in its text
  hang,               // nothing is answered
  hang_in_body,       // nothing more after the body's first bytes
  reset,              // the connection is cut instead of an answer
  truncated,          // fewer bytes than Content-Length tells
  cut_without_length, // half a body, ended by the end of the connection
  bomb,               // 100 MiB of blanks in 100 kB of gzip
  too_large,          // the same, unless asked without permission sets
  html,               // 200 with HTML
  empty_object,       // 200 with {}
  error_body,         // 200 with an error
  banned_body,        // 200 with error -1003 and the end of the ban in its text
  empty_list,
  five_symbols,
  half_gone,     // every other symbol is missing
  zero_ticks,    // every tick size is zero
  time_back,     // serverTime is an hour old
  bad_symbol,    // rows of wrong types, without a name, with a name twice, nested 100,000 deep among the good ones
  unknown_names, // a status, contract type, filter and field that nobody knows yet
  invalid_text,  // bytes that are no UTF-8 and lone surrogates in some rows
  bad_key,       // 401 with -2015 for whoever sends a key
  bad_key_format, // 400 with -2014, the same
  clock_off,     // 400 with -1021, the same
  trickle,       // a byte of the body every 10 ms
  close_kept,    // a connection that is used again is closed as the request comes
};

// "500", "502", "403", "451", "429", "418", "hang", ...: fault_names() has them all.
std::optional<exchange_fault> parse_exchange_fault(std::string_view text);
std::string_view to_string(exchange_fault fault) noexcept;
std::string exchange_fault_names();

// One fault of one market.
struct exchange_fault_setting {
  market which = market::spot;
  exchange_fault fault = exchange_fault::none;
  std::chrono::seconds length{0}; // of a 429, 418 or ban in a text; 0: 30 s and 3 days
};

// "MARKET:FAULT[:SECONDS]", or "FAULT[:SECONDS]" for both markets, several separated by commas; none: not understood.
std::optional<std::vector<exchange_fault_setting>> parse_exchange_faults(std::string_view text);

class simulated_exchange {
public:
  // Throws std::runtime_error where no port can be had: it is for programs and tests.
  explicit simulated_exchange(simulated_exchange_options options);
  ~simulated_exchange();
  simulated_exchange(const simulated_exchange&) = delete;
  simulated_exchange& operator=(const simulated_exchange&) = delete;

  std::uint16_t port() const noexcept;
  std::string url() const;
  // Whoever hangs because of the fault before is let go: cut off.
  void set_fault(market which, exchange_fault fault, std::chrono::seconds length = {}) noexcept;
  // So many listings, delistings, status and tick changes, now.
  void change_symbols(market which, unsigned changes);

  // Requests for the market's list so far, and those among them that carried a key.
  std::uint64_t requests(market which) const noexcept;
  std::uint64_t requests_with_key(market which) const noexcept;
  // Requests that came although a Retry-After forbade them.
  std::uint64_t forbidden_requests(market which) const noexcept;

  struct parts; // private to its own files

private:
  std::unique_ptr<parts> parts_;
};

// A body such as the market's list is answered with.
std::string make_exchange_body(market which, std::uint64_t seed, std::size_t symbols);

} // namespace holdfast

// An exchange on a loopback port that answers like Binance's `exchangeInfo`: symbols made from a seed (or given bodies),
// gzip, used-weight headers, the ladder of 429 and 418, and faults that are switched on while it runs.
//
// Threads  every member function may be called from any thread.
// Bounds   loopback only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/market.hpp"

namespace holdfast {

struct simulated_exchange_options {
  std::uint16_t port = 0; // 0: a free one
  std::uint64_t seed = 1;
  std::size_t spot_symbols = 2500;
  std::size_t futures_symbols = 600;
  std::array<std::string, market_count> bodies; // instead of made ones
};

enum class exchange_fault : std::uint8_t {
  none, server_error, html, too_many, banned, hang, reset, truncated, empty_object, empty_list, five_symbols, bad_key,
};

// "500", "html", "429", "418", "hang", "reset", "truncate", "empty-object", "empty-list", "five-symbols", "bad-key", "none".
std::optional<exchange_fault> parse_exchange_fault(std::string_view text);

class simulated_exchange {
public:
  // Throws std::runtime_error where no port can be had: it is for programs and tests.
  explicit simulated_exchange(simulated_exchange_options options);
  ~simulated_exchange();
  simulated_exchange(const simulated_exchange&) = delete;
  simulated_exchange& operator=(const simulated_exchange&) = delete;

  std::uint16_t port() const noexcept;
  std::string url() const;
  void set_fault(market which, exchange_fault fault) noexcept;
  // Requests for the market's list so far, and those among them that carried a key.
  std::uint64_t requests(market which) const noexcept;
  std::uint64_t requests_with_key(market which) const noexcept;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

// The whole body that a market's list is answered with.
std::string make_exchange_body(market which, std::uint64_t seed, std::size_t symbols);

} // namespace holdfast

// Private to the simulated exchange: one market's symbols, made from a seed, as they change from poll to poll, and the
// `exchangeInfo` bodies that tell of them, whole or spoilt in one of the ways that have been seen.
//
// Threads  one at a time.
// Bounds   bodies are written piece by piece: nobody needs to hold one whole.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/market.hpp"

namespace holdfast {

struct simulated_symbol {
  std::string name;
  std::string base;
  std::string quote;
  std::string status;
  std::string contract;         // futures
  int tick_scale = 2;           // decimals of the tick
  std::uint32_t market_lot = 1; // the moving part of MARKET_LOT_SIZE.maxQty; 0: the row has no such filter
  bool fixed = false;           // stays TRADING: tests and newcomers look it up
};

// How a body is told.
struct body_telling {
  std::int64_t server_time_ms = 0;
  std::int64_t weight_limit = 0; // per minute; 0: the usual one
  bool permission_sets = true;
  bool trading_only = false;
  std::size_t rows_max = SIZE_MAX;
  bool every_other_row = false;
  bool zero_ticks = false;
  bool bad_rows = false;      // among the good ones: wrong types, no name, a name twice, deep nesting
  bool unknown_names = false; // a status, contract type, filter and field of tomorrow
  bool invalid_text = false;  // bytes that are no UTF-8, a lone surrogate
};

using body_sink = std::function<void(std::string_view)>;

class simulated_listing {
public:
  simulated_listing(market which, std::uint64_t seed, std::size_t symbols);

  // So many listings, delistings, status changes and tick changes.
  void change(unsigned changes);
  // What changes in every body although nothing happened.
  void move_market_lots();
  void write(const body_sink& sink, const body_telling& how) const;
  std::size_t size() const noexcept { return symbols_.size(); }

private:
  std::string fresh_asset();
  void add(std::string base, std::string quote, std::string status, std::string contract, bool fixed);
  void list_another();
  void take_one_off();
  std::size_t any_loose_symbol();

  market which_;
  std::mt19937_64 random_;
  std::vector<simulated_symbol> symbols_;
  std::set<std::string> names_;
  std::set<std::string> assets_;
};

} // namespace holdfast

// The exchange, behind the seam of http_transfer: lists that change, a weight budget, the ladder of 429 and 418, and every kind of
// bad answer. It knows what it told to whom, and checks that nobody asks during an embargo or beyond its budget.
//
// A list carries its revision as the minQty of one symbol, so that a table anywhere tells when it was true.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "messages/symbols.hpp"
#include "runtime/http_transfer.hpp"
#include "runtime/market.hpp"
#include "runtime/symbol_table.hpp"
#include "tests/simulation/scheduler.hpp"

namespace holdfast::simulation {

enum class exchange_mood {
  well,
  slow,
  unreachable,
  hanging,     // beyond every deadline, until cancelled
  timing_out,
  broken,      // connections end inside the answer
  failing,     // 500, 502 with HTML, 403, 451
  babbling,    // 200 with something else
  half_lists,  // 200 with half of the list, or an empty one
  early,       // 200 with a serverTime of an hour ago
  too_many,    // 429 or -1003
  banning,     // 418
  crashing,    // the transfer throws
};
inline constexpr int exchange_moods = 13;
// A table is as old as its answer's arrival: it may have travelled for the whole of a fetch, and wall clocks differ by up to a second.
inline constexpr std::chrono::seconds travel_max{5};
inline constexpr std::chrono::seconds ban_min{30};
inline constexpr std::chrono::seconds ban_max{330};

// Who asks, as far as the checks need it.
struct asking_engine {
  std::uint32_t opening = 0;
  std::uint32_t folder = 0;
};

class exchange {
public:
  exchange(const world_time& now, journal& notes, std::mt19937_64& random, scheduler& turns);

  std::shared_ptr<http_transfer> transfer_for(asking_engine who);

  void set_mood(market which, exchange_mood mood) { of(which).mood = mood; }
  void list_anew(market which);
  // Other programs on this address use weight.
  void use_weight(market which, std::int64_t weight) { of(which).weight_used += weight; }
  void set_hiding_bans(bool hides) { hides_bans_ = hides; }
  // The wall clock of this folder's processes was stepped: what was written there before means other times.
  void forget_folder(std::uint32_t folder);

  static std::vector<std::string> urls(market which);
  // The revision in a table; none: the table is not of this market, or of no revision.
  std::optional<std::uint32_t> revision_of(market which, const symbol_table& table) const;
  // How long ago this revision was still true; zero: it is.
  nanoseconds outdated_since(market which, std::uint32_t revision) const;
  std::uint64_t calls() const { return calls_; }

private:
  class transfer;
  struct one_market {
    exchange_mood mood = exchange_mood::well;
    std::vector<nanoseconds> listed_at{nanoseconds{0}}; // of each revision
    std::int64_t weight_used = 0;
    std::int64_t minute = 0;
    nanoseconds banned_until{-1};
  };
  struct told {
    nanoseconds forbidden_until{-1}; // as the engine was told
    nanoseconds told_at{-1};
    std::deque<nanoseconds> calls;
  };
  using result = expected<http_answer, transfer_failure>;

  one_market& of(market which) { return markets_[index(which)]; }
  void check_call(asking_engine who, market which, const std::string& url);
  result answer(asking_engine who, market which, const http_request& request);
  result list(market which, int symbols, std::int64_t server_time_off);
  http_answer with_headers(market which, int status, std::string body);
  result forbid(market which, int status, std::int64_t seconds);
  // The engine has this answer now.
  void heard(asking_engine who, market which, const result& answer, nanoseconds answered_at);
  std::string body_of(market which, int symbols, std::int64_t server_time_ms) const;

  const world_time& now_;
  journal& notes_;
  std::mt19937_64& random_;
  scheduler& turns_;
  std::array<one_market, market_count> markets_;
  std::map<std::pair<std::uint32_t, market>, told> by_opening_;
  std::map<std::pair<std::uint32_t, market>, told> by_folder_;
  bool hides_bans_ = false;
  std::uint64_t calls_ = 0;
};

} // namespace holdfast::simulation

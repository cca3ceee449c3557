// Where the newest table of each market hangs for every thread to read: published by the cache actor (and once at
// start from last good), read by any number of symbols_view objects and by the synchronous calls.
//
// Threads  publish(): one thread at a time per market. current() and publication(): any thread.
// Order    publish() stores the table, then release-increments the publication number; a reader whose acquire load
//          of that number has changed takes the table under a short lock. A reader that sees no change pays one load.
// Life     a publication lives as long as somebody holds its pointer. The board holds the newest, and the replaced ones
//          until publish() finds that nobody else does: a table is freed by the publisher, never by a reader's hot path
//          that happens to be the last to let go.
// Restart  empty; the engine publishes last good from the state folder before it answers anything.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/table_order.hpp>

namespace holdfast {

class symbol_table;
using symbol_table_ptr = std::shared_ptr<const symbol_table>; // whoever holds it keeps the table; null: there is none

// Where an answer came from, as told to callers. `none`: nothing was ever good.
enum class symbols_source : std::uint8_t { none, cache, private_api, public_api, last_good };

// As JSON and the store's values have it.
constexpr std::string_view to_string(symbols_source source) noexcept {
  constexpr std::array<std::string_view, 5> names{"none", "cache", "private_api", "public_api", "last_good"};
  return names[static_cast<std::size_t>(source)];
}

// One immutable publication: a table and what it is worth.
struct published_symbols {
  symbol_table_ptr table; // null: nothing was ever good
  symbols_source source = symbols_source::none; // whence the table came; last_good is stale whatever its age
  std::optional<wall_time> fetched_at;   // unknown for some arrays written by other programs
  std::optional<boot_time> fetched_boot; // the same instant on this machine's boot clock
  boot_time fresh_until{};               // stale from here on
  table_order order;                     // of the process that fetched it
  std::uint64_t version = 0;             // grows with every table whose content differs from the one before
  std::optional<wall_time> judged_since; // as judge_followed() wants it; none: unknown

  table_stamp stamp() const noexcept { return {order, fetched_boot}; } // for is_newer()
  // False: stale, as last good always is.
  bool fresh(boot_time now) const noexcept { return source != symbols_source::last_good && now < fresh_until; }
  // Since the fetch, never negative; none: unknown.
  std::optional<std::chrono::nanoseconds> age(boot_time now) const noexcept {
    if (!fetched_boot)
      return std::nullopt;
    return now > *fetched_boot ? now - *fetched_boot : std::chrono::nanoseconds{0};
  }
};

using published_ptr = std::shared_ptr<const published_symbols>; // whoever holds it keeps the publication and its table

class HOLDFAST_EXPORT symbol_board {
public:
  symbol_board();
  symbol_board(const symbol_board&) = delete;
  symbol_board& operator=(const symbol_board&) = delete;

  // Replaces the market's publication. Post: every later current() returns it.
  void publish(market which, published_symbols next);

  // Never null; its table is null while nothing was ever good.
  published_ptr current(market which) const;

  // Changes with every publish().
  std::uint64_t publication(market which) const noexcept {
    return slots_[index(which)].publication.load(std::memory_order_acquire);
  }

private:
  struct alignas(64) market_slot {
    std::atomic<std::uint64_t> publication{0};
    mutable std::mutex mutex;
    published_ptr newest;
    std::vector<published_ptr> replaced; // of the publisher alone
  };
  std::array<market_slot, market_count> slots_;
};

using symbol_board_ptr = std::shared_ptr<symbol_board>; // one for each engine; its views hold it too

} // namespace holdfast

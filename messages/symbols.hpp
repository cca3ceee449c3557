// What is said about symbol tables: between callers and cache, cache and supervisor, supervisor and fetcher,
// cache and last_good.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/symbol_board.hpp>
#include <holdfast/runtime/symbol_diff.hpp>

namespace holdfast {

// caller -> cache. Counts one hit or one miss.
struct get_symbols {
  market which = market::spot;                       // of whose symbols the table is wanted
  std::optional<boot_time> deadline;                 // none: the cache's own bounds
  std::optional<std::chrono::nanoseconds> max_stale; // a stale answer that is older, or of unknown age, is refused: too_stale
};

// The answer, with what it is worth. `error` is none or the reason why `table` is null (only in the synchronous
// call: actors get the fault as an error).
struct symbols_reply {
  symbol_table_ptr table;                       // null: nothing can be had; `error` tells why
  symbols_source source = symbols_source::none; // where the table came from; `cache`: out of the store
  std::optional<wall_time> fetched_at;          // none: unknown
  std::optional<std::chrono::nanoseconds> age;  // none: unknown
  bool stale = true;                            // past its TTL, or last good
  std::uint64_t version = 0;                    // grows with every table of other content, within one process
  fault error = fault::none;                    // why there is no table; none where there is one
};

// What a publication is worth at `now`.
HOLDFAST_EXPORT symbols_reply reply_from(const published_symbols& published, boot_time now);

// Who or what asks for a refresh.
enum class refresh_reason : std::uint8_t { warmup, rejected_order, calendar, operator_request };

// warmup, engine -> cache: fetch now, unless a fresh table younger than `at_age` is known, here or in the store; shares a
// fetch that is running. With an age of 0 the exchange is asked in any case.
struct refresh_symbols {
  market which = market::spot;                    // the market to be fetched
  refresh_reason reason = refresh_reason::warmup; // for people: the cache treats all alike
  std::chrono::nanoseconds at_age{0};             // 0: whatever is known is too old
};

// `failure` is none if a validated table came from the exchange, or another process's from the store.
struct refresh_outcome {
  market which = market::spot;              // the market that was asked for
  fault failure = fault::none;              // why no table came
  std::string detail;                       // for people; no secret in it
  std::optional<boot_time> forbidden_until; // with fetch_forbidden, where known: no use in retrying earlier
  std::uint64_t version = 0;                // of the table that is known now; 0: none
  bool fetched = false;                     // by this process, for this refresh
  std::optional<boot_time> fetched_boot;    // when the table that is known now was fetched, by whomever
  std::optional<wall_time> next_change;     // the next time at which a symbol is known to be listed or delivered
};

// host -> cache: the exchange refused an order for a rule of this symbol. Causes at most one refresh per market and 10 s.
struct rejection_reported {
  market which = market::spot; // where the order was placed
  std::string symbol;          // as the exchange spells it
};

// cache -> subscribers: a table of another content was published.
struct symbols_changed {
  market which = market::spot;             // the market of the new table
  std::uint64_t version = 0;               // of the new table, as in symbols_reply
  std::shared_ptr<const symbol_diff> diff; // never null
};

// A table on its way between actors, with its origin.
struct symbols_answer {
  symbol_table_ptr table;                       // null: there is none
  symbols_source source = symbols_source::none; // where it came from; `none` without a table
  std::optional<wall_time> fetched_at;          // none: unknown
  std::optional<boot_time> fetched_boot;        // the same instant on this boot clock; none: unknown
  table_order order;                            // unknown where no token could be had
  std::optional<wall_time> judged_since;        // as judge_followed() wants it; none: unknown

  // What tells which of two tables is newer.
  table_stamp stamp() const noexcept { return {order, fetched_boot}; }
};

// cache -> supervisor: bring a new table. `baseline` is what the plausibility gate compares with; may be null.
struct fetch_wanted {
  market which = market::spot; // the market to be fetched
  symbol_table_ptr baseline;   // the newest table known
};

// supervisor -> cache. With a failure, `answer` is last good's, or has no table where nothing was ever good.
struct fetch_result {
  market which = market::spot;              // the market that was asked for
  symbols_answer answer;                    // the new table, or the one to fall back on
  fault failure = fault::none;              // none: the table is new, from the exchange
  std::string detail;                       // for people; no secret in it
  std::optional<boot_time> forbidden_until; // with fetch_forbidden, where known
};

// cache -> supervisor: last good's answer now, without waiting for the running fetch. Answered with a fetch_result
// whose failure is `deadline`.
struct fallback_wanted {
  market which = market::spot; // the market that is being fetched
};

// supervisor -> fetcher. The fetcher gives up at `deadline` by itself; the supervisor replaces it if it does not.
struct fetch_symbols {
  symbol_table_ptr baseline; // of the plausibility gate; may be null
  boot_time deadline;        // on the boot clock
};

// fetcher -> supervisor. Ordinary failures are answers, not crashes.
struct fetch_outcome {
  symbols_answer answer;       // table is null on failure
  fault failure = fault::none; // fetch_failed, fetch_forbidden or table_refused
  std::string detail;          // for people; no secret in it. With a table: why nothing of it is listed, else empty
  std::optional<boot_time> forbidden_until; // an embargo: this market's whole budget is closed until then
};

// supervisor -> last_good; answered with symbols_answer, or the fault no_data.
struct last_good_wanted {
  market which = market::spot; // whose last good table is wanted
};

// cache -> last_good: a validated table was published.
struct table_accepted {
  market which = market::spot; // the market of the table
  symbols_answer answer;       // from the exchange or from the store; kept if it is newer than what is kept
};

// engine -> cache: an operator believes a table that the plausibility gate refused. Answered with refresh_outcome.
struct accept_symbols {
  market which = market::spot; // the market of the table
  symbols_answer answer;       // the refused table; its order is not read
};

// A table that another process announced, or that the store may have lost: store -> cache, last_good.
struct symbols_announced {
  market which = market::spot; // the market of the table
  table_order order;           // not newer than what one has: nothing to do
};

} // namespace holdfast

// What any actor may ask of a store, Redis or embedded: nobody can tell which one answers.
//
// Every question carries a deadline on the boot clock; a store drops what is past it unanswered work and answers
// `deadline`. While the link is down every question is answered `store_away` at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/counter_merge.hpp>
#include <holdfast/runtime/market.hpp>
#include <holdfast/runtime/symbol_board.hpp>

namespace holdfast {

struct store_read { // answered with store_value
  std::string key;       // where something else than a text is there: store_refused, unless `ttl_only`
  boot_time deadline;    // past it the answer is of no use
  bool ttl_only = false; // answer an empty value for one that is there: only its presence and its time matter
};

struct store_value { // a key, or that there is none
  std::optional<std::string> value;                 // none: there is no such key
  std::optional<std::chrono::milliseconds> ttl_left; // none: the key does not expire
};

// Answered with `done` once the store has it.
struct store_write {
  std::string key;                              // whatever it held before is replaced
  std::string value;                            // any bytes
  std::optional<std::chrono::milliseconds> ttl; // none: no expiry
  boot_time deadline;                           // not begun after it
};

struct store_erase { // answered with `done`, also where there was no such key
  std::string key;    // of any kind
  boot_time deadline; // not begun after it
};

// A validated table goes to the store: every key in a script of its own, in this order: the full-fidelity value, the
// plain array with its TTL (not where that is 0: a table that is no longer fresh), last_refresh_ts, the plain last_good
// array, then the announcement. Nothing is written under a fence that has seen a newer order (fault `fenced`).
struct store_symbols {
  market which = market::spot;           // whose keys are written
  table_order order;                     // of the fetch: what the fence compares
  std::string full_value;                // the symbol codec's text, for holdfast processes
  std::string list_value;                // the contract's JSON array
  std::int64_t refreshed_at_seconds = 0; // Unix time of the fetch
  std::chrono::milliseconds ttl{0};      // of the plain array
  boot_time deadline;                    // not begun after it
};

// Every row is carried out by itself or not at all, and answered by itself. An error instead of the answer means that any
// of them may have been carried out: ask again.
struct store_merge {
  std::vector<merge_row> rows; // of any counters and writers
  boot_time deadline;          // the fault `deadline` leaves the same doubt
};

struct store_merge_reply { // a verdict for every row
  std::vector<merge_verdict> verdicts; // as many as rows, in their order
  std::string epoch;                   // the store's at the same moment; empty: it has none (it was emptied just now)
};

struct store_read_counters { // answered with store_counters_found
  std::vector<counter_read> reads; // each a counter, and the writers whose merged states are wanted
  boot_time deadline;              // past it the answer is of no use
};

struct store_counters_found { // what was read, or nothing of it
  std::vector<counter_found> found; // as many as reads, in their order
};

// Keys of counters that match the glob: our own from the set holdfast:keys; foreign ones by a SCAN. One question takes it on by a
// bounded part: of a large store the next ones find what lies behind.
struct store_list_counters {
  std::string glob;     // as of Redis: `*`, `?`, `[a-z]`
  bool foreign = false; // also look for counters that no holdfast process wrote: slow, rare
  boot_time deadline;   // of the whole search, the SCAN included
};

struct store_keys { // in no order
  std::vector<std::string> keys; // each once; one may have gone since
  bool complete = true;          // false: not all keys of the store have been looked at for foreign ones
  std::uint64_t left_out = 0;    // foreign ones that were found and are more than are kept
};

// Sets key to max(stored, value); answered with `done`.
struct store_raise {
  std::string key;        // where no number is there, `value` is written, without expiry
  std::int64_t value = 0; // the least that is there afterwards
  boot_time deadline;     // not begun after it
};

// Adds to the set of elements that is counted under `key`, not kept: adding one again changes nothing, so that asking again
// is safe. Answered with done.
struct store_add_distinct {
  std::string key;                   // of the set; made where there is none, store_refused where it holds something else
  std::vector<std::string> elements; // any bytes
  boot_time deadline;                // not begun after it
};

// About how many distinct elements were added, within 1 % mostly: HyperLogLog with 2^14 registers.
struct store_count_distinct {
  std::vector<std::string> keys; // each counted by itself, not their union
  boot_time deadline;            // past it the answer is of no use
};

struct store_distinct_found { // 0 where nothing was ever added
  std::vector<std::optional<std::uint64_t>> counts; // as many as keys, in their order; none: something else is there
};

// The right to fetch a market for all processes on this store. The token is max(stored + 1, the server's time in
// microseconds, `above` + 1): it grows with every grant, even where the store went back. A holder that asks again keeps
// its token and gets more time, unless the token is not above `above`.
struct lease_wanted {
  std::string name;                 // e.g. "fetch:spot"
  std::string holder;               // unique per engine opening
  std::chrono::milliseconds ttl{0}; // from the grant on, by the store's clock
  boot_time deadline;               // past it the asker may hold the lease without knowing
  std::uint64_t above = 0;          // the highest token that the asker has met
};

struct lease_reply {                     // who holds a lease now
  bool granted = false;                  // held now by `holder` (newly or renewed)
  std::uint64_t token = 0;               // fencing token of whoever holds it
  std::chrono::milliseconds ttl_left{0}; // until whoever holds it must have asked again
};

struct lease_returned { // answered with `done`; of another holder it changes nothing
  std::string name;   // as it was asked for in lease_wanted
  std::string holder; // who gives it back
  boot_time deadline; // not begun after it; the lease then ends with its time
};

// Publishes to every process on the store that listens.
struct store_announce {
  std::string channel; // of Redis; in the embedded store nobody listens
  std::string text;    // as the listeners get it
  boot_time deadline;  // not begun after it
};

// The store tells its listeners (counter, cache, last_good) what happened to it.
enum class store_change : std::uint8_t {
  link_up,   // answers again after having been away
  link_down, // does not answer; said once
  identity,  // its epoch, run id or history differs from before: verify everything, write the keys again
};

struct store_event { // store -> listeners
  store_change change = store_change::link_up; // link_up also for one that begins to listen while the link is up
  store_identity identity;                     // as it is now; empty while it does not answer
};

struct get_store_status {};

struct store_status {                          // of the link and its questions so far
  std::string kind;                            // "redis" or "embedded"
  bool up = false;                             // answers, as far as is known
  bool takes_writes = true;                    // false: it refuses them, as full and read-only stores do; reads go on
  std::string endpoint;                        // no password in it
  std::string last_error;                      // for people, no password in it; empty: all is well
  store_identity identity;                     // as last seen
  std::uint64_t commands = 0;                  // sent so far
  std::uint64_t failures = 0;                  // of the link, so far
  std::uint64_t reconnects = 0;                // links that came up so far, the first one too
  std::uint64_t suppressed_warnings = 0;       // that would have repeated what was just logged
  std::chrono::nanoseconds last_round_trip{0}; // of one pipeline; 0: none yet
};

} // namespace holdfast

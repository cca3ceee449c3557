// What is said to and by the counter actor, which drains the ledger to the store and answers reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/clock.hpp>

namespace holdfast {

// Fire and forget, for CAF hosts; engine code uses a `counter` handle.
struct incr_counter {
  std::string key;         // one that is not valid is counted in the overflow
  std::int64_t amount = 1; // negative: down
};

// Answered with incr_confirmation by the deadline at the latest. An amount of 0 asks about what was counted already.
struct incr_counter_confirmed {
  std::string key;         // one that is not valid is counted in the overflow, and never confirmed
  std::int64_t amount = 1; // negative: down
  boot_time deadline;      // on the boot clock, as every deadline here
};

// `in_store` false: not confirmed in time; the increment is in the ledger and will arrive, do not repeat it.
struct incr_confirmation {
  bool in_store = false; // true: with all that this process counted under the key before
};

// Whose value it is.
enum class counter_source : std::uint8_t { redis, embedded, ledger };

struct read_counter { // answered with counter_reading, always
  std::string key;    // one that nobody ever counted reads as 0
  boot_time deadline; // past it the last known value is answered
};

// One counter as far as it is known: the store's value plus what of this process has not arrived there.
struct counter_reading {
  std::string key;                                // the one asked for, or one that the glob matched
  std::int64_t value = 0;                         // 0 where it does not exist or is no integer
  bool exists = false;                            // a counter of this name is known anywhere
  bool is_integer = true;                         // false: the store holds something else under this key
  counter_source source = counter_source::ledger; // `ledger`: the store did not answer; last known value plus pending
  std::optional<wall_time> as_of;                 // when the store's part was read; none: never
  fault error = fault::none;                      // why the store's part is missing or old; none where it is neither
};

struct read_counters { // every counter that the glob matches
  std::string glob;    // over metrics:* keys and every key of this process
  boot_time deadline;  // what is known by then is answered
};

struct counter_readings { // in the order of their keys
  std::vector<counter_reading> readings; // by key, in byte order
  bool all_listed = false;               // false: the store did not tell which there are; those of this process are here
  fault error = fault::none;             // why nobody answered; then there are no readings, and nothing is known
};

// Answered with flush_reply: everything counted before this message is in the store, adopted ledgers included.
struct flush_counters {
  boot_time deadline; // what has not arrived by then still will: the ledger has it
};

// The last flush: everything is retired as well, so that nobody ever counts it again. Answered with flush_reply; when that
// is complete the ledger may be deleted.
struct retire_counters {
  boot_time deadline; // what has not arrived by then is left to whoever adopts the ledger
};

struct flush_reply { // how far a flush has come by its deadline
  bool complete = false;          // true: no row is pending
  std::uint64_t pending_rows = 0; // counters with increments that are not in the store
};

struct get_counter_status {};

struct counter_status {                    // of the ledger and its way into the store
  std::uint64_t rows = 0;                  // in use, one for each counter of this process
  std::uint64_t capacity = 0;              // rows at most; counters beyond share the overflow
  std::uint64_t pending_rows = 0;          // not in the store yet
  std::uint64_t set_aside_rows = 0;        // which the store refuses; each is tried again after a while
  std::uint64_t merged_batches = 0;        // so far
  std::uint64_t overflow = 0;              // increments without a row of their own
  std::uint64_t ambiguous_merges = 0;      // rows of which nobody could tell whether the store still had them
  std::uint64_t adopting_ledgers = 0;      // of ended processes, on their way into the store
  std::uint64_t damaged_ledgers = 0;       // moved to `set-aside` of the state folder, so far
  bool durable = false;                    // false: the ledger is in memory only
  std::string writer;                      // the id of this process in the store's records, 32 hex digits
  std::string ledger_path;                 // empty: it is in memory only
  std::string capped_type;                 // has all the rows that one type may have; empty: none
  std::vector<std::string> set_aside_keys; // a bounded sample, "key: reason"
};

} // namespace holdfast

// What the ledger and a store say to each other to bring one counter of one writer into the store exactly once.
//
// A store keeps beside each counter a bookkeeping record: a generation, and for every writer the last state merged
// ("added subtracted", as decimal text, with a mark once retired). A merge is a compare-and-set: it is carried out
// only if the record is what the writer expects; otherwise nothing changes and the answer tells what was found. All
// decisions are taken by the writer (see counter_protocol.hpp), none by the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast {

// What a store holds for (counter, writer). Empty strings: no such record.
struct merge_state {
  std::string generation;      // of the bookkeeping record; empty: there is no record
  std::string state;           // this writer's field; empty: none
  bool counter_exists = false; // compared only where `generation` is empty
  bool listed = false;         // found: without a record, but known to the index of counters that had one; never compared
  // Of all four members, also of those that a store does not compare.
  friend bool operator==(const merge_state&, const merge_state&) = default;
};

struct merge_row { // one compare-and-set
  std::string key;              // the counter; no braces
  std::string writer;           // the writer id, 32 hex digits
  merge_state expected;         // carried out only if this is what the store holds
  std::string new_state;        // written on success
  std::string new_generation;   // written on success if expected.generation is empty
  std::int64_t difference = 0;  // added to the counter on success; 0 leaves the counter untouched
};

enum class merge_outcome : std::uint8_t { // what the store did with one compare-and-set
  merged,     // carried out
  mismatch,   // nothing changed; `found` tells what is there
  refused,    // nothing changed: the counter or its record is of the wrong type, not an integer, or would overflow
};

struct merge_verdict { // what became of one row
  merge_outcome outcome = merge_outcome::refused; // tells which of the two below is filled, if any
  merge_state found;                              // with `mismatch`
  std::string reason;                             // with `refused`: the store's own words
};

// What a store says of itself; a change means that it may have lost or gone back.
struct store_identity {
  std::string epoch;      // random, set once in the store
  std::string run_id;     // of the server process
  std::string history_id; // Redis: master_replid; shared by a primary and its replicas
  // One difference of the three is a change.
  friend bool operator==(const store_identity&, const store_identity&) = default;
};

// One counter as read together with the states of the asking process's writers.
struct counter_read {
  std::string key;                  // the counter's own, no braces
  std::vector<std::string> writers; // ids of 32 hex digits; their states are answered in this order
};

struct counter_found { // a counter, and what is merged of the writers that were asked for
  bool exists = false;               // a text stands under the key, an integer or not
  std::optional<std::int64_t> value; // none: missing, or not an integer
  std::string generation;            // of the bookkeeping record; empty: there is no record
  std::vector<std::string> states;   // one per asked writer; empty: none
};

} // namespace holdfast

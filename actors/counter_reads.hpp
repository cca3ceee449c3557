// Private to the counter actor: what a counter's value is, seen from a process that has not brought everything yet.
//
// The store's value and our states in it are read at one moment; what of our sums that state does not hold is added. The
// sums are those of the moment of the question: what was merged since is in the state, and is not counted twice.
#pragma once

#include "actors/counter.hpp"

namespace holdfast {

// One key as asked: who of us counts it, and how much when it was asked.
struct counter_question {
  struct own_row {
    std::uint64_t ledger; // its number
    std::string writer;
    ledger_sums part; // under that writer
    row_bookkeeping book;
  };
  std::string key;
  std::vector<own_row> rows;
};

counter_question question_about(counter_state& state, const std::string& key);
store_read_counters to_store(const std::vector<counter_question>& questions, boot_time deadline);

// `found` answers `asked`.
counter_reading reading_from(counter_state& state, const counter_question& asked, const counter_found& found);
// The store does not answer: what it last told plus what was counted since.
counter_reading reading_without_store(counter_state& state, const std::string& key);

// A ledger was taken: what it sent before is in what the store told, as far as anybody knows.
void remember_as_adopted(counter_state& state, const draining_ledger& ledger);
// A ledger is done with and its rows are asked about no more: what it brought is the store's.
void remember_as_brought(counter_state& state, const draining_ledger& ledger);

// Keys of our ledgers.
std::vector<std::string> own_keys(const counter_state& state, std::string_view glob);

} // namespace holdfast

// What is said to and by the history actor, which keeps how counters went over time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/history_file.hpp>

namespace holdfast {

// monitor -> history: the totals of every counter, as the store has them now.
struct history_sample {
  wall_time at;                                 // when they were read
  std::shared_ptr<const counter_values> values; // never null
};

// Answered with history_answer. Unix seconds; `until` none: now, `since` none: an hour before that.
struct history_wanted {
  std::string key;                   // a counter
  std::optional<std::int64_t> since; // the first second wanted
  std::optional<std::int64_t> until; // the last second wanted, itself included
  std::optional<std::int64_t> step;  // seconds; none: whatever suits the range
};

struct history_answer { // a line, or why there is none
  std::string key;     // the counter that was asked about
  history_line line;   // empty where `refusal` is not
  std::string refusal; // why the question cannot be answered, for people; empty where it was
  // The same as a fault: `no_data` where no history is kept, `bad_request` where the range makes no sense,
  // `store_away` where its file cannot be read.
  fault error = fault::none;
};

// How much counters grew on each day of UTC, the last of them today. Answered with history_days.
struct history_days_wanted {
  std::vector<std::string> keys; // counters; one without a history has grown by 0
  std::uint32_t days = 7;        // today included
};

struct history_days { // how much counters grew, day by day of UTC
  bool kept = false;                             // false: no history is kept
  std::int64_t today = 0;                        // days since 1970
  std::vector<std::vector<std::int64_t>> growth; // as many as keys, in their order; the oldest day first
};

struct get_history_status {};

struct history_status {       // of the file in the state folder
  bool kept = false;          // false: no history is wanted, or its file cannot be had
  std::uint64_t bytes = 0;    // of the file
  std::uint64_t series = 0;   // counters in it
  std::uint64_t left_out = 0; // counters beyond the limit
  std::uint64_t records = 0;  // samples written by this process
  std::uint64_t failures = 0; // samples that could not be written
  std::string last_error;     // for people; empty: none
};

} // namespace holdfast

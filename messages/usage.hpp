// What is said to those who bring what tasks and features have noted to the store, and who tell how features are used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/clock.hpp>

namespace holdfast {

// Whatever is not in the store yet goes there now. Answered with done once it is there; an error at the deadline.
struct keep_now {
  boot_time deadline; // on the boot clock; what is not there by then is tried again while the engine runs
};

// Answered with features_found by the deadline at the latest, with what is known by then.
struct features_wanted {
  std::uint32_t days = 7; // of the history, today included
  boot_time deadline;     // on the boot clock
};

struct feature_usage {                   // how much one feature is used
  std::string name;                      // as in metrics:feature_usage:<name>
  std::int64_t total = 0;                // uses, by every process
  std::optional<std::uint64_t> subjects; // about how many distinct ones; none: the store did not tell
  std::vector<std::int64_t> per_day;     // the oldest first; empty: no history is kept
};

struct features_found { // with an error: what could be told without the store
  std::vector<std::string> days;       // as 2026-11-24, of UTC; as long as every per_day that is not empty
  std::vector<feature_usage> features; // the most used first, then by name
  fault error = fault::none;           // why the totals could not be had; none: they are here
};

struct get_feature_status {};

struct feature_status { // of the subjects on their way to the store
  std::uint64_t features = 0;       // whose subjects this process notes
  std::uint64_t waiting = 0;        // subjects that are not in the store yet
  std::uint64_t left_out = 0;       // uses whose subject was not noted: too many new ones while the store was away
};

} // namespace holdfast

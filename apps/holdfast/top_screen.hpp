// One screenful of `holdfast top`, from the answers of a running serve. Pure: no terminal, no clock.
#pragma once

#include <chrono>
#include <ctime>
#include <map>
#include <optional>
#include <string>

#include <rapidjson/document.h>

#include "apps/holdfast/terminal.hpp"

namespace holdfast::app {

struct top_sample {
  rapidjson::Document status;
  std::map<std::string, std::int64_t> counters;
  std::chrono::nanoseconds at{0}; // when the counters were read, on any steady clock
  std::time_t now = 0;            // events of another day than this one's are told with their date
};

// None where the texts are not what a serve answers.
std::optional<top_sample> read_sample(const std::string& status, const std::string& counters, std::chrono::nanoseconds at);

// At most `size.rows` lines, none wider than `size.columns`. `before` null: no rates yet. `bold` marks what is wrong.
std::string draw_top(const top_sample& now, const top_sample* before, terminal_size size, bool bold);

} // namespace holdfast::app

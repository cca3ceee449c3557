// Private to exchange_memory: what an operator accepted against the gate, so that the next table is not refused for the
// same thing again.
//
// Bounds   256 pinned symbols; a file of 64 KiB.
// Restart  kept as a line of JSON in the state folder, shared by the processes on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/symbol_table.hpp"

namespace holdfast {

struct gate_acceptance {
  std::vector<std::string> pins; // pinned symbols that are missed no more, until they are there again
  // Spot's time went back: what claims to be later than `time_ms`, up to `time_before_ms`, was wrong. Unix milliseconds.
  std::int64_t time_ms = 0;
  std::int64_t time_before_ms = 0;

  bool operator==(const gate_acceptance&) const = default;

  bool was_wrong(std::int64_t server_time_ms) const noexcept { return server_time_ms > time_ms && server_time_ms <= time_before_ms; }
  // Of these pinned symbols those that `table` lacks need not be there any more.
  void let_go(const std::vector<std::string>& pinned, const symbol_table& table);
  // What is there again has to stay; true: something was.
  bool demand_again(const symbol_table& table);
};

std::string write_acceptance(const gate_acceptance& what);
// None where the text is no such line.
std::optional<gate_acceptance> read_acceptance(std::string_view text);

} // namespace holdfast

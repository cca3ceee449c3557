// A ledger as another process sees it: read at once, of a live or a dead owner, nothing of it changed.
//
// Bounds   one reading of the file; what is counted later is seen by opening it again.
// Errors   the refusal says why the file is no sound ledger.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/ledger_id.hpp>

namespace holdfast {

class ledger_view {
public:
  struct row {
    std::string key;
    ledger_sums sums;
    ledger_sums acknowledged; // what of it a store is known to hold
    // By so much the store is behind, in value.
    std::int64_t pending() const noexcept {
      return static_cast<std::int64_t>((sums.added - acknowledged.added)
                                       - (sums.subtracted - acknowledged.subtracted));
    }
    bool is_merged() const noexcept { return sums == acknowledged; }
  };

  static expected<ledger_view, std::string> open(const std::string& path);

  ledger_id writer{};
  std::string store; // that it counts for, empty: any
  std::int64_t owner_process = 0; // a number that another process may have by now
  bool owned = false;             // somebody holds the lock: its owner, or an adopter
  std::int64_t created_seconds = 0;
  std::int64_t last_written_seconds = 0;
  std::uint32_t capacity = 0;
  std::uint32_t stripes = 0;
  std::vector<row> rows;
  ledger_sums overflow;
};

} // namespace holdfast

// What a ledger file says, read and checked as a whole: for its adopter, and for whoever looks on.
//
// Bounds   reads what is backed by storage, holes are skipped; nothing is mapped, so that a file that is cut off while it
//          is read is an error and no SIGBUS.
// Errors   ledger_refusal; a file that is not sound in every checked byte has no image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/ledger_row.hpp>

#include "runtime/ledger_checks.hpp"

namespace holdfast {

// Why a file was not opened.
struct ledger_refusal {
  enum class kind : std::uint8_t { in_use, unreadable, damaged, outdated, of_another_store };
  kind what = kind::unreadable;
  std::string detail; // without the path
};

struct ledger_image {
  struct row {
    std::uint32_t number = 0; // in the file
    std::string key;
    ledger_sums sums;
    ledger_checks::kept_bookkeeping kept;
  };
  ledger_layout::geometry where{};
  ledger_id writer{};
  std::string store; // that it counts for; empty: any
  std::int64_t owner = 0;
  std::int64_t created_seconds = 0;
  std::int64_t last_written_seconds = 0;
  std::vector<row> rows; // in use
  ledger_sums overflow;
};

// `settled`: nobody writes to it. Otherwise what is being written right now is no damage.
expected<ledger_image, ledger_refusal> read_ledger(int descriptor, bool settled);

} // namespace holdfast

// Checksums of the ledger file, and what they tell. They are against torn writes and bit rot, not against an enemy.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/ledger_layout.hpp"

namespace holdfast::ledger_checks {

std::uint64_t header_checksum(const ledger_layout::header& head) noexcept;
std::uint64_t store_checksum(const ledger_layout::header& head) noexcept;
// The store that a header names, empty where it names none; no value where that part is damaged.
std::optional<std::string_view> store_in(const ledger_layout::header& head) noexcept;
std::uint32_t row_checksum(std::uint32_t number, std::string_view key) noexcept; // never 0

// Unix seconds with a check in one word, so that they are replaced at once.
std::uint64_t pack_time(std::int64_t seconds) noexcept;
std::optional<std::int64_t> unpack_time(std::uint64_t packed) noexcept;

// What the two slots of a row tell together.
struct kept_bookkeeping {
  row_bookkeeping content;
  std::uint64_t sequence = 0; // 0: never written
  std::uint32_t slot = 0;     // the one not to be overwritten next
  bool damaged = false;       // something was written, and nothing of it is sound
};
kept_bookkeeping newest_of(const std::array<ledger_layout::bookkeeping_slot, 2>& slots) noexcept;
// Writes the other slot: `kept` tells which one and becomes what is kept.
void write_next(std::array<ledger_layout::bookkeeping_slot, 2>& slots, kept_bookkeeping& kept,
                const row_bookkeeping& next) noexcept;

} // namespace holdfast::ledger_checks

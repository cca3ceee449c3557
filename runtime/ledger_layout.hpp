// The ledger file, byte for byte; docs/ledger-format.md has the diagram. Little-endian, fixed size, made whole at once.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <holdfast/runtime/ledger_row.hpp>

namespace holdfast::ledger_layout {

inline constexpr std::array<char, 8> magic{'H', 'O', 'L', 'D', 'L', 'D', 'G', 'R'};
inline constexpr std::uint32_t version = 1;
inline constexpr std::uint32_t byte_order = 0x01020304;
inline constexpr std::size_t key_bytes_max = 200;

struct header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t byte_order;
  std::uint32_t capacity; // rows, without the overflow row
  std::uint32_t checksum; // of the fields above and the writer
  ledger_id writer;
  std::int64_t created_seconds; // Unix time
  std::int64_t owner;           // process id, for people
  std::atomic<std::uint32_t> rows; // in use; a row is filled before this grows
  std::uint32_t reserved;
};
static_assert(sizeof(header) == 64 && offsetof(header, writer) == 24 && offsetof(header, rows) == 56);

// The bookkeeping is kept twice and written alternately, so that a torn write leaves the older one whole.
struct bookkeeping_slot {
  row_bookkeeping content;
  std::uint64_t sequence; // the slot with the higher one counts
  std::uint64_t checksum; // of content and sequence
};
static_assert(sizeof(row_bookkeeping) == 96 && sizeof(bookkeeping_slot) == 112);

struct row {
  std::atomic<std::uint64_t> added;
  std::atomic<std::uint64_t> subtracted;
  std::array<bookkeeping_slot, 2> bookkeeping;
  std::uint32_t checksum; // of the key and its length
  std::uint16_t reserved;
  std::uint16_t key_length;
  std::array<char, key_bytes_max> key;
  std::array<char, 512 - 16 - 2 * 112 - 8 - key_bytes_max> padding;
};
static_assert(sizeof(row) == 512 && offsetof(row, bookkeeping) == 16 && offsetof(row, key) == 248);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

// The overflow row comes first, then the counters.
constexpr std::size_t rows_offset = 4096;
constexpr std::size_t file_size(std::uint32_t capacity) noexcept {
  return rows_offset + (static_cast<std::size_t>(capacity) + 1) * sizeof(row);
}

} // namespace holdfast::ledger_layout

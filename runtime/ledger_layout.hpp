// The ledger file, byte for byte; docs/ledger-format.md has the diagram. Little-endian, sparse, its size fixed when it is
// made: header, rows, the shared stripe, then one stripe per thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/ledger_row.hpp>

namespace holdfast::ledger_layout {

inline constexpr std::array<char, 8> magic{'H', 'O', 'L', 'D', 'L', 'D', 'G', 'R'};
inline constexpr std::uint32_t version = 2;
inline constexpr std::uint32_t byte_order = 0x01020304;
inline constexpr std::size_t key_bytes_max = 200;
inline constexpr std::size_t bookkeeping_bytes = 128;
inline constexpr std::size_t store_bytes_max = 120;
inline constexpr std::uint32_t capacity_max = 1u << 24;
inline constexpr std::uint32_t stripes_max = 1u << 12;

struct header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t byte_order;
  std::uint32_t capacity; // rows
  std::uint32_t stripes;  // without the shared one
  ledger_id writer;       // the file's name is its text
  std::int64_t created_seconds; // Unix time
  std::int64_t owner;           // process id, for people: the lock tells who lives
  std::uint64_t checksum;       // of all of the above
  std::atomic<std::uint64_t> last_written; // Unix time and its own check, see pack_time()
  std::array<char, store_bytes_max> store; // that its increments are for, then zeros; zeros alone: any
  std::uint64_t store_checksum;            // of writer and store; 0 where none is named
};
static_assert(sizeof(header) == 200 && offsetof(header, store) == 72 && offsetof(header, store_checksum) == 192 && offsetof(header, capacity) == 16 && offsetof(header, writer) == 24
              && offsetof(header, owner) == 48 && offsetof(header, checksum) == 56
              && offsetof(header, last_written) == 64);

// The bookkeeping is kept twice and written alternately, so that a torn write leaves the older one whole.
struct bookkeeping_slot {
  std::array<std::byte, bookkeeping_bytes> content; // a row_bookkeeping, then zeros
  std::uint64_t sequence;                           // the sound slot with the higher one counts
  std::uint64_t checksum;                           // of content and sequence
};
static_assert(sizeof(bookkeeping_slot) == 144 && offsetof(bookkeeping_slot, sequence) == 128);
static_assert(sizeof(row_bookkeeping) <= bookkeeping_bytes && std::is_trivially_copyable_v<row_bookkeeping>);

struct row {
  std::atomic<std::uint32_t> checksum; // of the row's number and key; never 0, written last: 0 is an unused row
  std::uint32_t key_length;
  std::array<char, key_bytes_max> key;
  std::array<bookkeeping_slot, 2> bookkeeping;
  std::array<std::byte, 16> reserved;
};
static_assert(sizeof(row) == 512 && offsetof(row, key) == 8 && offsetof(row, bookkeeping) == 208);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// Mappings begin at multiples of this, whatever the machine's page size.
inline constexpr std::size_t mapping_step = 65536;
// Stripes begin at multiples of this, so that no two threads write to one cache line.
inline constexpr std::size_t stripe_step = 4096;
inline constexpr std::size_t rows_offset = 4096;

constexpr std::size_t round_up(std::size_t size, std::size_t step) noexcept { return (size + step - 1) / step * step; }

// Where things are in a file of this capacity. A stripe's first cell is its overflow row's; row r has cell r + 1.
struct geometry {
  std::uint32_t capacity;
  std::uint32_t stripes;

  constexpr std::size_t stripe_bytes() const noexcept {
    return round_up((std::size_t{capacity} + 1) * sizeof(stripe_cell), stripe_step);
  }
  constexpr std::size_t row_offset(std::uint32_t row) const noexcept { return rows_offset + std::size_t{row} * sizeof(ledger_layout::row); }
  constexpr std::size_t shared_offset() const noexcept { return round_up(row_offset(capacity), mapping_step); }
  constexpr std::size_t stripe_offset(std::uint32_t stripe) const noexcept {
    return shared_offset() + (std::size_t{stripe} + 1) * stripe_bytes();
  }
  constexpr std::size_t file_size() const noexcept { return round_up(stripe_offset(stripes), mapping_step); }
};

} // namespace holdfast::ledger_layout

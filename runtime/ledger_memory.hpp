// The descriptor and the mappings of one ledger, and what becomes of them in a forked child.
//
// A file is mapped twice: `control` is the whole of it, for whoever keeps the books; `hot` is its stripes again, where
// threads count. stop_counting() replaces the second by memory that nobody reads, at one stroke and in place, so that
// handles stay harmless while the books are still being closed. Address ranges of stripes are never given back.
//
// Fork     a child without exec gets private anonymous memory in place of every mapping, and loses the descriptors: it
//          counts for nobody, and its life does not keep the lock of a ledger whose owner has died.
// Races    `-fsanitize=thread` does not see that `hot` and `control` are the same bytes: of a thread that counts and one that
//          sums it can report nothing. What holds there: cells are atomic, and tests compare sums.
// Threads  ledger_mutex() guards the list of all ledgers and is held during fork; the members are their owner's.
// Errors   errno, where a call fails.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "runtime/ledger_layout.hpp"

namespace holdfast {

// Of everything that is rare: opening, closing, naming a counter, taking and giving back stripes. Never destroyed.
std::mutex& ledger_mutex() noexcept;

// Backs a range of a file with storage, since a store into a hole of a full disk is SIGBUS. 0, or what errno would be;
// EFBIG where the process may not write files of that size (asking the kernel would end it by SIGXFSZ).
int back_with_storage(int descriptor, std::size_t from, std::size_t bytes) noexcept;

class ledger_memory {
public:
  explicit ledger_memory(ledger_layout::geometry where) noexcept;
  ~ledger_memory();
  ledger_memory(const ledger_memory&) = delete;
  ledger_memory& operator=(const ledger_memory&) = delete;

  bool open(const std::string& path, int flags) noexcept;
  // Both mappings of the open file.
  bool map_all() noexcept;
  // Control alone, up to the end of the shared stripe: for an adopter.
  bool map_books() noexcept;
  // Both, of no file.
  bool map_anonymous() noexcept;
  void stop_counting() noexcept;

  // Once the file told: before anything is mapped.
  void set_geometry(ledger_layout::geometry where) noexcept { where_ = where; }
  const ledger_layout::geometry& geometry() const noexcept { return where_; }
  int descriptor() const noexcept { return descriptor_; } // -1: none
  bool forked() const noexcept { return forked_.load(std::memory_order_relaxed); }

  ledger_layout::header& header() const noexcept;
  ledger_layout::row& row(std::uint32_t number) const noexcept;
  // Of the books' side.
  stripe_cell* shared_cells() const noexcept;
  stripe_cell* cells(std::uint32_t stripe) const noexcept;
  void add_shared(std::uint32_t row, const ledger_sums& more) noexcept;
  // Of the counting side.
  stripe_cell* hot_shared_cells() const noexcept;
  stripe_cell* hot_cells(std::uint32_t stripe) const noexcept;

  bool sync() noexcept;

private:
  friend struct ledger_fork;
  struct range {
    std::byte* memory = nullptr;
    std::size_t size = 0;
  };
  static void replace(const range& what) noexcept;
  static bool take_range(range& into, void* memory, std::size_t size) noexcept;
  std::byte* control_at(std::size_t offset) const noexcept { return control_.memory + offset; }
  std::byte* hot_at(std::size_t offset) const noexcept { return hot_.memory + (offset - where_.shared_offset()); }

  ledger_layout::geometry where_;
  int descriptor_ = -1;
  range control_;
  range hot_;
  std::atomic<bool> forked_{false};
  ledger_memory* previous_ = nullptr; // the list of all, under ledger_mutex()
  ledger_memory* next_ = nullptr;
};

} // namespace holdfast

// One ledger file, mapped: the rows and what is known of them. Made by the process that counts in it, opened again by
// whoever adopts it after that process is gone.
//
// Threads  rows are added and counted in by any thread; bookkeeping is one thread's at a time.
// Locks    the owner holds a lock on the file (flock) as long as it is open; a file whose lock is free is nobody's.
// Errors   create() and adopt() answer why they could not; a file that is not sound is never touched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/ledger_row.hpp>

namespace holdfast {

namespace ledger_layout {
struct header;
struct row;
} // namespace ledger_layout

ledger_id random_ledger_id();
bool is_set(const ledger_id& id) noexcept;
std::string to_text(const ledger_id& id); // 32 hex digits; empty for none
ledger_id ledger_id_from(std::string_view text) noexcept;

// Why a file was not opened.
struct ledger_refusal {
  enum class kind : std::uint8_t { in_use, unreadable, damaged };
  kind what = kind::unreadable;
  std::string detail;
};

class ledger_file {
public:
  static expected<std::unique_ptr<ledger_file>, std::string> create(const std::string& folder, std::uint32_t capacity);
  static std::unique_ptr<ledger_file> anonymous(std::uint32_t capacity);
  // Takes the lock and checks every row.
  static expected<std::unique_ptr<ledger_file>, ledger_refusal> adopt(const std::string& path);
  // For looking only: takes no lock, changes nothing.
  static expected<std::unique_ptr<ledger_file>, ledger_refusal> view(const std::string& path);
  ~ledger_file();
  ledger_file(const ledger_file&) = delete;
  ledger_file& operator=(const ledger_file&) = delete;

  const ledger_id& writer() const noexcept;
  std::int64_t owner_process() const noexcept;
  std::uint32_t capacity() const noexcept;
  std::uint32_t row_count() const noexcept; // without the overflow row
  const std::string& path() const noexcept { return path_; } // empty: anonymous

  std::string_view key(std::uint32_t row) const noexcept;
  ledger_sums sums(std::uint32_t row) const noexcept;
  row_bookkeeping bookkeeping(std::uint32_t row) const noexcept;
  void set_bookkeeping(std::uint32_t row, const row_bookkeeping& next) noexcept;
  // Brings the sums up to at least these.
  void raise(std::uint32_t row, const ledger_sums& least) noexcept;

  // The new row's number; none where the capacity is used up. One thread at a time.
  std::optional<std::uint32_t> append(std::string_view key) noexcept;
  // The cells of a row; the overflow row where none is named. They stay mapped until the process ends.
  ledger_layout::row& cells(std::optional<std::uint32_t> row) const noexcept;

  // Deletes the file; it stays mapped and locked until destruction.
  void remove() noexcept;

private:
  ledger_file(void* memory, std::size_t size, int descriptor, std::string path);
  ledger_layout::header& head() const noexcept;

  void* memory_;
  std::size_t size_;
  int descriptor_;
  std::string path_;
};

} // namespace holdfast

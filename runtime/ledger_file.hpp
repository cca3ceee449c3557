// One ledger file and its books: the rows and what is known of them. Made by the process that counts in it, opened again
// by whoever adopts it after that process is gone.
//
// Threads  append(): under ledger_mutex(); handle(), key(), sums(), row_count(): any; the rest: whoever keeps the books,
//          one thread at a time.
// Locks    the owner holds a lock on the file (flock) as long as it is open; a file whose lock is free is nobody's.
// Errors   create() and adopt() answer why they could not; a file that is not sound is never touched.
// Fork     in a forked child it is empty, and remove() leaves the parent's file alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/ledger_id.hpp>
#include <holdfast/runtime/ledger_row.hpp>

namespace holdfast {

class ledger_memory;
class ledger_stripes;
struct ledger_image;
struct ledger_refusal;

class ledger_file {
public:
  static expected<std::unique_ptr<ledger_file>, std::string> create(const std::string& folder, std::uint32_t capacity,
                                                                    std::uint32_t stripes = 64, std::string_view store = {});
  static std::unique_ptr<ledger_file> anonymous(std::uint32_t capacity, std::uint32_t stripes = 64);
  // Takes the lock and checks every row. A file that cannot be trusted, or was last written more than 25 days before
  // `now_seconds` (the store may have forgotten that it was merged), is moved to the folder `set-aside` beside it. One that
  // counts for another store than `store` stays as it is; where either names none they agree.
  static expected<std::unique_ptr<ledger_file>, ledger_refusal> adopt(const std::string& path, std::int64_t now_seconds,
                                                                      std::string_view store = {});
  ~ledger_file();
  ledger_file(const ledger_file&) = delete;
  ledger_file& operator=(const ledger_file&) = delete;

  const ledger_id& writer() const noexcept { return writer_; }
  std::int64_t owner_process() const noexcept { return owner_; }
  std::uint32_t capacity() const noexcept;
  std::uint32_t row_count() const noexcept { return row_count_.load(std::memory_order_acquire); }
  const std::string& path() const noexcept { return path_; } // empty: anonymous
  bool forked() const noexcept;
  // Whether the store may have forgotten by now that its rows were merged: its owner wrote last more than 25 days before.
  bool outdated(std::int64_t now_seconds) const noexcept;

  std::string_view key(std::uint32_t row) const noexcept;
  ledger_sums sums(std::uint32_t row) const noexcept;
  ledger_sums overflow() const noexcept;
  row_bookkeeping bookkeeping(std::uint32_t row) const noexcept;
  // Only what its owner writes makes it younger.
  void set_bookkeeping(std::uint32_t row, const row_bookkeeping& next) noexcept;
  // Its owner has just compared a row with the store: it is no older than that.
  void renew() noexcept;
  // Brings the sums up to at least these.
  void raise(std::uint32_t row, const ledger_sums& least) noexcept;

  // The new row's number; none where the capacity or the storage is used up.
  std::optional<std::uint32_t> append(std::string_view key) noexcept;
  // Of a row; none: the overflow row. For the process that made the file; an adopted one counts for nobody.
  counter handle(std::optional<std::uint32_t> row) const noexcept;
  // From here on every handle counts for nobody: sums() has all that will ever be in it.
  void stop_counting() noexcept;

  // Deletes the file; it stays open and locked until destruction.
  void remove() noexcept;
  // Puts it on the disk itself, which only a loss of power can tell from what is there without; may take long.
  bool sync() noexcept;

private:
  explicit ledger_file(std::unique_ptr<ledger_memory> memory);
  void write_header(std::string_view store) noexcept;
  void start_counting();
  void take(ledger_image image);
  bool back_rows(std::uint32_t up_to) noexcept;
  struct books;

  std::unique_ptr<ledger_memory> memory_;
  std::unique_ptr<ledger_stripes> stripes_; // null: adopted
  std::unique_ptr<books> books_;
  ledger_id writer_{};
  std::int64_t owner_ = 0;
  std::atomic<std::uint32_t> row_count_{0};
  std::uint32_t backed_rows_ = 0;
  std::string path_;
};

} // namespace holdfast

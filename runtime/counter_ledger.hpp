// The counters of one process: an increment lands here first, in a memory-mapped file of the state folder, and goes
// from here to the store exactly once (counter_protocol.hpp). The file survives the process, kill -9 included, because
// the kernel owns its pages; the next engine on the same folder adopts it.
//
// Threads  handle(), add(), overflow(): any, never blocking on I/O; a key that is known costs a lookup without a lock.
//          file(): see ledger_file.hpp.
// Bounds   `capacity` counters; what comes after that is counted in the overflow row, and said once. The contexts of one
//          type never take the last sixteenth of a ledger of 256 rows or more, so that a flood of names leaves rows to the
//          other types. `stripes` threads count without atomics, those after them with.
// Errors   a folder that cannot be written to makes the ledger anonymous: it counts, and loses what has not reached
//          the store when the process ends. durable() tells.
// Fork     a child without exec counts for nobody; its own engine opens its own ledger.
// Restart  every opening creates a file of its own and counts from zero; see ledger_folder.hpp for what is adopted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/counter.hpp>
#include <holdfast/runtime/counter_key.hpp>
#include <holdfast/runtime/ledger_file.hpp>

namespace holdfast {

class counter_ledger {
public:
  // A new file in `folder` (created 0700 where missing), or an anonymous ledger and the reason in why_anonymous().
  // `store` names what it counts for: nobody merges it into another; empty: into any.
  static std::shared_ptr<counter_ledger> open(const std::string& folder, std::uint32_t capacity,
                                              std::uint32_t stripes = 64, std::string_view store = {});
  static std::shared_ptr<counter_ledger> anonymous(std::uint32_t capacity, std::uint32_t stripes = 64);
  ~counter_ledger();
  counter_ledger(const counter_ledger&) = delete;
  counter_ledger& operator=(const counter_ledger&) = delete;

  // The row of this key, made if need be. An invalid key (see counter_key.hpp) and one beyond the capacity get the
  // overflow row; the first of each is told by a warning.
  counter handle(std::string_view key) noexcept;
  // Of what is counted in no row of its own.
  counter overflow_handle() noexcept { return file_->handle(std::nullopt); }
  // The same, for a name that is no key for this reason: the first such name is told by a warning.
  counter refused(std::string_view name, key_fault why) noexcept;
  void add(std::string_view key, std::int64_t amount) noexcept;
  // From here on handles count for nobody, so that what is drained last is all there is.
  void stop_counting() noexcept;

  // Where what is still to be drained is kept.
  ledger_file& file() noexcept { return *file_; }
  const ledger_file& file() const noexcept { return *file_; }

  std::uint64_t overflow() const noexcept;
  // The type that has all the rows that it may have; empty: none.
  std::string_view capped_type() const noexcept;
  bool durable() const noexcept { return why_anonymous_.empty(); }
  const std::string& why_anonymous() const noexcept { return why_anonymous_; }
  // We are a child of the process that opened it.
  bool forked() const noexcept { return file_->forked(); }

private:
  counter_ledger(std::unique_ptr<ledger_file> file, std::string why_anonymous);
  struct index;
  // Both under ledger_mutex(), where nothing may be logged: a host's log may count. None: it gets no row.
  std::optional<std::uint32_t> row_of_new(std::string_view key, std::uint64_t hash, std::uint32_t& alike) noexcept;
  // How many counters there are of its type, where that is all that there may be; else 0.
  std::uint32_t all_of_type(std::string_view key) noexcept;
  bool is_capped(std::string_view key) const noexcept;
  std::unique_ptr<ledger_file> file_;
  std::unique_ptr<index> index_;
  std::string why_anonymous_;
};

// Whether a counter may have this name: fault_of_counter_key() tells why not.
bool is_counter_key(std::string_view key) noexcept;

} // namespace holdfast

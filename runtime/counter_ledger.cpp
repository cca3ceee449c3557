#include "runtime/counter_ledger.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <mutex>
#include <vector>

#include "runtime/ledger_layout.hpp"
#include "runtime/ledger_memory.hpp"
#include "runtime/log.hpp"

namespace holdfast {

// Names to rows: open addressing over atomics, read without a lock, extended under ledger_mutex(). At most half full.
struct counter_ledger::index {
  explicit index(std::uint32_t capacity) : slots(std::bit_ceil(std::size_t{capacity} * 2 + 2)) {}

  // A row's number plus one, and above it the hash's upper half, so that other names are passed over without a look.
  static std::uint64_t entry_of(std::uint64_t hash, std::uint32_t row) noexcept {
    return (hash & 0xFFFF'FFFF'0000'0000u) | (row + 1);
  }
  struct place {
    std::size_t at;
    std::optional<std::uint32_t> row;
  };
  place find(const ledger_file& file, std::string_view key, std::uint64_t hash) const noexcept {
    for (auto at = hash & (slots.size() - 1);; at = (at + 1) & (slots.size() - 1)) {
      const auto entry = slots[at].load(std::memory_order_acquire);
      if (entry == 0)
        return {at, std::nullopt};
      const auto row = static_cast<std::uint32_t>(entry) - 1;
      if (entry == entry_of(hash, row) && file.key(row) == key)
        return {at, row};
    }
  }

  std::vector<std::atomic<std::uint64_t>> slots; // 0: free
  std::atomic<bool> is_full{false};
  std::atomic<bool> is_stopped{false};
  std::atomic<bool> refusal_said{false};
};

bool is_counter_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > ledger_layout::key_bytes_max)
    return false;
  for (const char c : key)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '{' || c == '}')
      return false;
  return true;
}

counter_ledger::counter_ledger(std::unique_ptr<ledger_file> file, std::string why_anonymous)
  : file_{std::move(file)},
    index_{std::make_unique<index>(file_->capacity())},
    why_anonymous_{std::move(why_anonymous)} {}

counter_ledger::~counter_ledger() = default;

std::shared_ptr<counter_ledger> counter_ledger::open(const std::string& folder, std::uint32_t capacity,
                                                     std::uint32_t stripes) {
  auto file = ledger_file::create(folder, capacity, stripes);
  if (file)
    return std::shared_ptr<counter_ledger>{new counter_ledger{std::move(*file), {}}};
  logger()->warn("counters are kept in memory only, they do not survive the process: {}", file.error());
  return std::shared_ptr<counter_ledger>{
    new counter_ledger{ledger_file::anonymous(capacity, stripes), file.error()}};
}

std::shared_ptr<counter_ledger> counter_ledger::anonymous(std::uint32_t capacity, std::uint32_t stripes) {
  return std::shared_ptr<counter_ledger>{
    new counter_ledger{ledger_file::anonymous(capacity, stripes), "it was opened without a folder"}};
}

counter counter_ledger::handle(std::string_view key) noexcept {
  const auto hash = std::uint64_t{std::hash<std::string_view>{}(key)};
  if (const auto known = index_->find(*file_, key, hash); known.row) [[likely]]
    return file_->handle(known.row);
  if (forked() || index_->is_stopped.load(std::memory_order_relaxed))
    return {};
  if (!index_->is_full.load(std::memory_order_relaxed) && is_counter_key(key)) {
    const std::lock_guard guard{ledger_mutex()};
    const auto known = index_->find(*file_, key, hash);
    if (known.row)
      return file_->handle(known.row);
    if (const auto row = file_->append(key)) {
      index_->slots[known.at].store(index::entry_of(hash, *row), std::memory_order_release);
      return file_->handle(row);
    }
    // Every further name would only be refused under the lock.
    if (file_->row_count() == file_->capacity())
      index_->is_full.store(true, std::memory_order_relaxed);
  }
  if (!index_->refusal_said.exchange(true, std::memory_order_relaxed))
    logger()->warn("counter refused, its increments go to the overflow: key of {} bytes, {} of {} counters in use; a key "
                   "has 1 to {} bytes without blanks, control characters or braces",
                   key.size(), file_->row_count(), file_->capacity(), ledger_layout::key_bytes_max);
  return file_->handle(std::nullopt);
}

void counter_ledger::add(std::string_view key, std::int64_t amount) noexcept { handle(key).add(amount); }

void counter_ledger::stop_counting() noexcept {
  index_->is_stopped.store(true, std::memory_order_relaxed);
  file_->stop_counting();
}

std::uint64_t counter_ledger::overflow() const noexcept {
  const auto sums = file_->overflow();
  return sums.added + sums.subtracted;
}

} // namespace holdfast

#include "runtime/counter_ledger.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <mutex>
#include <vector>

#include "runtime/counter_key.hpp"
#include "runtime/ledger_layout.hpp"
#include "runtime/ledger_memory.hpp"
#include "runtime/log.hpp"

namespace holdfast {

static_assert(counter_key_bytes_max == ledger_layout::key_bytes_max);

namespace {

// Ledgers smaller than this have no rows to keep for others.
constexpr std::uint32_t capacity_with_reserve = 256;

// Rows that the contexts of one type may take: the last sixteenth is for the other types.
std::uint32_t rows_per_type(std::uint32_t capacity) noexcept {
  return capacity < capacity_with_reserve ? capacity : capacity - capacity / 16;
}

} // namespace

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
  std::atomic<bool> invalid_said{false};
  std::atomic<bool> full_said{false};
  // A row of the type that has all the rows that it may have, plus one: that is more than half of them, so that there is one
  // such type at most.
  std::atomic<std::uint32_t> row_of_capped{0};
};

bool is_counter_key(std::string_view key) noexcept { return !fault_of_counter_key(key); }

counter_ledger::counter_ledger(std::unique_ptr<ledger_file> file, std::string why_anonymous)
  : file_{std::move(file)},
    index_{std::make_unique<index>(file_->capacity())},
    why_anonymous_{std::move(why_anonymous)} {}

counter_ledger::~counter_ledger() = default;

std::shared_ptr<counter_ledger> counter_ledger::open(const std::string& folder, std::uint32_t capacity,
                                                     std::uint32_t stripes, std::string_view store) {
  auto file = ledger_file::create(folder, capacity, stripes, store);
  if (file)
    return std::shared_ptr<counter_ledger>{new counter_ledger{std::move(*file), {}}};
  logger()->warn("counters are kept in memory only, they do not survive the process reason={}", log_value(file.error()));
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
  if (const auto why = fault_of_counter_key(key))
    return refused(key, *why);
  if (is_capped(key))
    return file_->handle(std::nullopt);
  if (!index_->is_full.load(std::memory_order_relaxed)) {
    std::uint32_t alike = 0;
    std::unique_lock guard{ledger_mutex()};
    const auto row = row_of_new(key, hash, alike);
    guard.unlock();
    if (alike > 0)
      logger()->warn("counters of one type leave too few to the others, further ones of it go to the overflow type={} counters={} capacity={}",
                     type_of_metric(key), alike, file_->capacity());
    if (row || alike > 0)
      return file_->handle(row);
  }
  if (!index_->full_said.exchange(true, std::memory_order_relaxed))
    logger()->warn("no row for another counter, its increments go to the overflow counters={} capacity={}",
                   file_->row_count(), file_->capacity());
  return file_->handle(std::nullopt);
}

std::optional<std::uint32_t> counter_ledger::row_of_new(std::string_view key, std::uint64_t hash, std::uint32_t& alike) noexcept {
  const auto known = index_->find(*file_, key, hash);
  if (known.row)
    return known.row;
  alike = all_of_type(key);
  if (alike > 0)
    return std::nullopt;
  const auto row = file_->append(key);
  if (row)
    index_->slots[known.at].store(index::entry_of(hash, *row), std::memory_order_release);
  // Every further name would only be refused under the lock.
  else if (file_->row_count() == file_->capacity())
    index_->is_full.store(true, std::memory_order_relaxed);
  return row;
}

// Looked at only once so many rows are in use, and until one type is found to have them: a scan of all rows is rare.
std::uint32_t counter_ledger::all_of_type(std::string_view key) noexcept {
  const auto most = rows_per_type(file_->capacity());
  const auto type = type_of_metric(key);
  const auto rows = file_->row_count();
  if (type.empty() || rows < most || most == file_->capacity())
    return 0;
  std::uint32_t alike = 0;
  std::uint32_t last = 0;
  for (std::uint32_t row = 0; row < rows; ++row)
    if (type_of_metric(file_->key(row)) == type) {
      ++alike;
      last = row;
    }
  if (alike < most)
    return 0;
  index_->row_of_capped.store(last + 1, std::memory_order_release);
  return alike;
}

std::string_view counter_ledger::capped_type() const noexcept {
  const auto row = index_->row_of_capped.load(std::memory_order_acquire);
  return row == 0 ? std::string_view{} : type_of_metric(file_->key(row - 1));
}

bool counter_ledger::is_capped(std::string_view key) const noexcept {
  const auto capped = capped_type();
  return !capped.empty() && capped == type_of_metric(key);
}

counter counter_ledger::refused(std::string_view name, key_fault why) noexcept {
  if (!index_->invalid_said.exchange(true, std::memory_order_relaxed))
    logger()->warn("counter refused, its increments and those of every other refused one go to the overflow key={} reason={}",
                   log_value(name), log_value(explain(why)));
  return overflow_handle();
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

#include "runtime/counter_ledger.hpp"

#include <bit>
#include <mutex>
#include <vector>

#include "runtime/ledger_file.hpp"
#include "runtime/ledger_layout.hpp"
#include "runtime/log.hpp"

namespace holdfast {

// Names to rows: open addressing over atomics, read without a lock, extended under one.
struct counter_ledger::index {
  explicit index(std::uint32_t capacity) : slots(std::bit_ceil(std::size_t{capacity} * 2 + 2)) {}

  std::size_t first(std::string_view key) const noexcept {
    return std::hash<std::string_view>{}(key) & (slots.size() - 1);
  }
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots.size() - 1); }

  std::vector<std::atomic<std::uint32_t>> slots; // row + 1; 0: free
  std::mutex registration;
  std::atomic<bool> refusal_said{false};
};

namespace {

counter handle_of(ledger_layout::row& row) noexcept { return {&row.added, &row.subtracted}; }

} // namespace

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

std::shared_ptr<counter_ledger> counter_ledger::open(const std::string& folder, std::uint32_t capacity) {
  auto file = ledger_file::create(folder, capacity);
  if (file)
    return std::shared_ptr<counter_ledger>{new counter_ledger{std::move(*file), {}}};
  logger()->warn("counters are kept in memory only, they do not survive the process: {}", file.error());
  return std::shared_ptr<counter_ledger>{new counter_ledger{ledger_file::anonymous(capacity), file.error()}};
}

std::shared_ptr<counter_ledger> counter_ledger::anonymous(std::uint32_t capacity) {
  return std::shared_ptr<counter_ledger>{
    new counter_ledger{ledger_file::anonymous(capacity), "it was opened without a folder"}};
}

counter counter_ledger::handle(std::string_view key) noexcept {
  const auto find = [&](std::size_t& at) -> std::optional<std::uint32_t> {
    for (at = index_->first(key);; at = index_->next(at)) {
      const auto row = index_->slots[at].load(std::memory_order_acquire);
      if (row == 0)
        return std::nullopt;
      if (file_->key(row - 1) == key)
        return row - 1;
    }
  };
  std::size_t at = 0;
  if (const auto row = find(at))
    return handle_of(file_->cells(row));
  if (is_counter_key(key)) {
    std::lock_guard guard{index_->registration};
    if (const auto row = find(at))
      return handle_of(file_->cells(row));
    if (const auto row = file_->append(key)) {
      index_->slots[at].store(*row + 1, std::memory_order_release);
      return handle_of(file_->cells(row));
    }
  }
  if (!index_->refusal_said.exchange(true, std::memory_order_relaxed))
    logger()->warn("counter refused, its increments go to the overflow: key of {} bytes, {} of {} counters in use; a key "
                   "has 1 to {} bytes without blanks, control characters or braces",
                   key.size(), file_->row_count(), file_->capacity(), ledger_layout::key_bytes_max);
  return handle_of(file_->cells(std::nullopt));
}

void counter_ledger::add(std::string_view key, std::int64_t amount) noexcept { handle(key).add(amount); }

std::uint64_t counter_ledger::overflow() const noexcept {
  const auto& cell = file_->cells(std::nullopt);
  return cell.added.load(std::memory_order_relaxed) + cell.subtracted.load(std::memory_order_relaxed);
}

} // namespace holdfast

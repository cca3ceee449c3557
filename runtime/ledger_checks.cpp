#include "runtime/ledger_checks.hpp"

#include <algorithm>
#include <cstring>

namespace holdfast::ledger_checks {

namespace layout = ledger_layout;

namespace {

// Word by word; every step is a bijection of the sum, so that no change of a single word goes unseen.
std::uint64_t hash(const void* data, std::size_t bytes, std::uint64_t seed = 0xcbf29ce484222325u) noexcept {
  const auto* at = static_cast<const unsigned char*>(data);
  for (; bytes > 0;) {
    std::uint64_t word = 0;
    const auto length = std::min(bytes, sizeof word);
    std::memcpy(&word, at, length);
    seed = (seed ^ word) * 0x9E3779B97F4A7C15u;
    seed ^= seed >> 32;
    at += length;
    bytes -= length;
  }
  return seed;
}

constexpr unsigned time_bits = 40;

std::uint64_t slot_checksum(const layout::bookkeeping_slot& slot) noexcept {
  return hash(&slot, offsetof(layout::bookkeeping_slot, checksum));
}

bool is_sound(const layout::bookkeeping_slot& slot) noexcept {
  return slot.sequence > 0 && slot.checksum == slot_checksum(slot);
}

bool is_blank(const layout::bookkeeping_slot& slot) noexcept {
  return slot.sequence == 0 && slot.checksum == 0
         && std::all_of(slot.content.begin(), slot.content.end(), [](auto byte) { return byte == std::byte{}; });
}

} // namespace

std::uint64_t header_checksum(const layout::header& head) noexcept {
  return hash(&head, offsetof(layout::header, checksum));
}

std::uint64_t store_checksum(const layout::header& head) noexcept {
  if (head.store.front() == '\0')
    return 0;
  return hash(head.store.data(), head.store.size(), hash(&head.writer, sizeof head.writer)) | 1;
}

std::optional<std::string_view> store_in(const layout::header& head) noexcept {
  const auto end = std::find(head.store.begin(), head.store.end(), '\0');
  if (head.store_checksum != store_checksum(head) || std::any_of(end, head.store.end(), [](char c) { return c != '\0'; }))
    return std::nullopt;
  return std::string_view{head.store.data(), static_cast<std::size_t>(end - head.store.begin())};
}

std::uint32_t row_checksum(std::uint32_t number, std::string_view key) noexcept {
  const std::uint64_t seed = hash(&number, sizeof number) + key.size();
  const auto sum = hash(key.data(), key.size(), seed);
  return std::max(static_cast<std::uint32_t>(sum ^ sum >> 32), 1u);
}

std::uint64_t pack_time(std::int64_t seconds) noexcept {
  const auto time = static_cast<std::uint64_t>(seconds) & ((std::uint64_t{1} << time_bits) - 1);
  return time | hash(&time, sizeof time) << time_bits;
}

std::optional<std::int64_t> unpack_time(std::uint64_t packed) noexcept {
  const auto seconds = static_cast<std::int64_t>(packed & ((std::uint64_t{1} << time_bits) - 1));
  return pack_time(seconds) == packed ? std::optional{seconds} : std::nullopt;
}

kept_bookkeeping newest_of(const std::array<layout::bookkeeping_slot, 2>& slots) noexcept {
  kept_bookkeeping kept;
  for (std::uint32_t i = 0; i < slots.size(); ++i)
    if (is_sound(slots[i]) && slots[i].sequence > kept.sequence) {
      std::memcpy(&kept.content, slots[i].content.data(), sizeof kept.content);
      kept.sequence = slots[i].sequence;
      kept.slot = i;
    }
  // One torn slot beside a blank one is a first write that did not come to its end: the same as none.
  if (kept.sequence == 0) {
    kept.damaged = !is_blank(slots[0]) && !is_blank(slots[1]);
    kept.slot = is_blank(slots[0]) ? 0 : 1; // the torn one is written next
  }
  return kept;
}

void write_next(std::array<layout::bookkeeping_slot, 2>& slots, kept_bookkeeping& kept,
                const row_bookkeeping& next) noexcept {
  const auto target = kept.slot ^ 1u;
  auto& slot = slots[target];
  slot.checksum = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  slot.content = {};
  std::memcpy(slot.content.data(), &next, sizeof next);
  slot.sequence = kept.sequence + 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  slot.checksum = slot_checksum(slot);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  kept = {next, slot.sequence, target, false};
}

} // namespace holdfast::ledger_checks

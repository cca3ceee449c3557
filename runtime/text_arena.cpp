#include "runtime/text_arena.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/decimal.hpp"
#include "runtime/name_key.hpp"
#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

constexpr std::size_t block_bytes = 2048;

} // namespace

char* text_arena::allocate(std::size_t size, std::size_t alignment) {
  const auto skip = left_ % alignment; // blocks end on 16
  if (size + skip > left_) {
    const auto fresh = (std::max(block_bytes, size) + 15) / 16 * 16;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(fresh));
    next_ = blocks_.back().get();
    left_ = fresh;
    bytes_ += fresh;
    return allocate(size, alignment);
  }
  char* const at = next_ + skip;
  next_ += skip + size;
  left_ -= skip + size;
  return at;
}

std::string_view text_arena::keep(std::string_view text) {
  char* const at = allocate(text.size(), 1);
  std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

const text_record* text_arena::make_record(std::string_view text, std::uint64_t hash) {
  char* const at = allocate(sizeof(text_record) + text.size(), alignof(text_record));
  const auto value = decimal::parse(text);
  const auto* record = new (at) text_record{.hash = hash,
                                            .units = value ? value->units : 0,
                                            .length = static_cast<std::uint32_t>(text.size()),
                                            .scale = value ? value->scale : std::uint8_t{0},
                                            .is_decimal = value.has_value()};
  std::memcpy(at + sizeof(text_record), text.data(), text.size());
  return record;
}

shared_text text_arena::intern(std::string_view text) {
  if (text.empty())
    return {};
  if (count_ * 2 >= known_.size())
    grow();
  const auto hash = mix_text(0, text);
  const auto mask = known_.size() - 1;
  auto at = hash & mask;
  for (; known_[at]; at = (at + 1) & mask)
    if (known_[at]->hash == hash && shared_text{*known_[at]}.view() == text)
      return shared_text{*known_[at]};
  if (!is_clean_utf8(text))
    return {};
  known_[at] = make_record(text, hash);
  ++count_;
  return shared_text{*known_[at]};
}

void text_arena::grow() {
  std::vector<const text_record*> before(std::max<std::size_t>(known_.size() * 2, 256));
  before.swap(known_);
  const auto mask = known_.size() - 1;
  for (const auto* record : before) {
    if (!record)
      continue;
    auto at = record->hash & mask;
    while (known_[at])
      at = (at + 1) & mask;
    known_[at] = record;
  }
}

} // namespace holdfast

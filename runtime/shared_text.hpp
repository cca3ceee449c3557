// Text that many symbols of a table share: eight bytes that read as a string_view, the decimal it spells beside it.
//
// Life     the record belongs to the symbol_table and dies with it; a default-constructed one is empty for ever.
// Threads  immutable: any number may read.
#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>

#include <holdfast/runtime/decimal.hpp>

namespace holdfast {

// Followed in memory by its characters.
struct text_record {
  std::uint64_t hash = 0;
  std::int64_t units = 0;
  std::uint32_t length = 0;
  std::uint8_t scale = 0;
  bool is_decimal = false;
};

inline constexpr text_record empty_text_record{};

class shared_text {
public:
  constexpr shared_text() noexcept = default;
  explicit constexpr shared_text(const text_record& record) noexcept : record_{&record} {}

  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(record_ + 1), record_->length}; }
  operator std::string_view() const noexcept { return view(); }
  bool empty() const noexcept { return record_->length == 0; }
  const text_record& record() const noexcept { return *record_; }

  friend bool operator==(shared_text a, shared_text b) noexcept { return a.record_ == b.record_ || a.view() == b.view(); }
  friend bool operator==(shared_text a, std::string_view b) noexcept { return a.view() == b; }
  friend std::ostream& operator<<(std::ostream& out, shared_text text) { return out << text.view(); }

private:
  const text_record* record_ = &empty_text_record;
};

// A trading rule: an exact decimal with the exchange's own spelling.
struct rule_value {
  std::int64_t units = 0;
  shared_text written; // empty: the exchange gave no such rule

  // False: absent, or text that is no decimal.
  bool present() const noexcept { return written.record().is_decimal; }
  std::uint8_t scale() const noexcept { return written.record().scale; }
  decimal value() const noexcept { return {units, scale()}; }
  std::string_view text() const noexcept { return written; }

  // By value where both are decimals, else by spelling.
  friend bool operator==(const rule_value& a, const rule_value& b) noexcept {
    return a.present() && b.present() ? a.value() == b.value() : a.written == b.written;
  }
};

} // namespace holdfast

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
  std::uint64_t hash = 0; // of the characters, the same in every process; 0: there are none
  std::int64_t units = 0; // of the decimal, as in decimal; 0 where is_decimal is false
  std::uint32_t length = 0; // bytes that follow; no zero ends them
  std::uint8_t scale = 0; // digits after the point; 0 where is_decimal is false
  bool is_decimal = false; // decimal::parse takes the text
};

inline constexpr text_record empty_text_record{}; // behind every default-constructed shared_text; never freed

class shared_text {
public:
  constexpr shared_text() noexcept = default;
  // Pre: the record outlives it, and its characters follow it in memory.
  explicit constexpr shared_text(const text_record& record) noexcept : record_{&record} {}

  // As long-lived as the table.
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(record_ + 1), record_->length}; }
  operator std::string_view() const noexcept { return view(); }
  bool empty() const noexcept { return record_->length == 0; } // true: there was no text, or none that a table keeps
  const text_record& record() const noexcept { return *record_; } // empty_text_record where default-constructed

  // By bytes, whichever tables they are of.
  friend bool operator==(shared_text a, shared_text b) noexcept { return a.record_ == b.record_ || a.view() == b.view(); }
  friend bool operator==(shared_text a, std::string_view b) noexcept { return a.view() == b; } // by bytes
  // As a string_view is written.
  friend std::ostream& operator<<(std::ostream& out, shared_text text) { return out << text.view(); }

private:
  const text_record* record_ = &empty_text_record;
};

// A trading rule: an exact decimal with the exchange's own spelling.
struct rule_value {
  std::int64_t units = 0; // value times 10^scale(); 0 also where not present()
  shared_text written; // empty: the exchange gave no such rule

  // False: absent, or text that is no decimal.
  bool present() const noexcept { return written.record().is_decimal; }
  std::uint8_t scale() const noexcept { return written.record().scale; } // digits after the point; 0 where not present()
  decimal value() const noexcept { return {units, scale()}; } // zero where not present()
  std::string_view text() const noexcept { return written; } // as the exchange spells it, decimal or not; empty: no such rule

  // By value where both are decimals, else by spelling.
  friend bool operator==(const rule_value& a, const rule_value& b) noexcept {
    return a.present() && b.present() ? a.value() == b.value() : a.written == b.written;
  }
};

} // namespace holdfast

// Private to sqlite_kv: a prepared statement in use.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "runtime/sqlite_kv.hpp"

namespace holdfast {

// A prepared statement in use: bound from left to right, reset at the end of its scope.
class sqlite_kv::statement {
public:
  statement(sqlite_kv& owner, const char* sql) : owner_{owner}, prepared_{owner.prepare(sql)} {}
  ~statement() {
    if (prepared_) {
      sqlite3_reset(prepared_);
      sqlite3_clear_bindings(prepared_);
    }
  }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  statement& with(std::string_view text) {
    if (prepared_)
      sqlite3_bind_text64(prepared_, ++bound_, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }
  statement& with(std::optional<std::int64_t> number) {
    ++bound_;
    if (prepared_ && number)
      sqlite3_bind_int64(prepared_, bound_, *number);
    return *this;
  }
  // True while there is a row.
  bool step() {
    result_ = prepared_ ? sqlite3_step(prepared_) : SQLITE_ERROR;
    if (result_ != SQLITE_ROW && result_ != SQLITE_DONE)
      owner_.note_failure();
    return result_ == SQLITE_ROW;
  }
  bool run() {
    step();
    return result_ == SQLITE_DONE || result_ == SQLITE_ROW;
  }
  std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(prepared_, column));
    const auto length = static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column));
    return bytes ? std::string{bytes, length} : std::string{};
  }
  std::optional<std::int64_t> number(int column) const {
    if (sqlite3_column_type(prepared_, column) == SQLITE_NULL)
      return std::nullopt;
    return sqlite3_column_int64(prepared_, column);
  }

private:
  sqlite_kv& owner_;
  sqlite3_stmt* prepared_;
  int bound_ = 0;
  int result_ = SQLITE_OK;
};

// As strict as Redis: no leading zeros, no minus zero.
inline std::optional<std::int64_t> sqlite_integer(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  const auto digits = text.substr(text.front() == '-' ? 1 : 0);
  if (digits.front() == '0' && text != "0")
    return std::nullopt;
  return number;
}

} // namespace holdfast

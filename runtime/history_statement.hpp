// A prepared statement in use: bound from left to right, reset at the end of its scope. Private to the history file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "runtime/database_wait.hpp"
#include "runtime/history_file.hpp"

namespace holdfast {

class history_statement {
public:
  // `sql` is a literal: prepared once per database.
  history_statement(history_file& owner, const char* sql) : owner_{owner}, prepared_{owner.prepare(sql)} {}
  ~history_statement() { reset(); }
  history_statement(const history_statement&) = delete;
  history_statement& operator=(const history_statement&) = delete;

  history_statement& with(std::string_view text) {
    if (prepared_)
      sqlite3_bind_text64(prepared_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }
  history_statement& with(std::optional<std::int64_t> number) {
    ++bound_;
    if (prepared_ && number)
      sqlite3_bind_int64(prepared_, bound_, *number);
    return *this;
  }
  // True while there is a row.
  bool step() {
    // Thousands of short ones take long, too.
    const bool may = prepared_ && !owner_.wait_->over();
    result_ = may ? sqlite3_step(prepared_) : SQLITE_ERROR;
    if (result_ != SQLITE_ROW && result_ != SQLITE_DONE)
      owner_.last_error_ = sqlite3_errmsg(owner_.database_.get());
    return result_ == SQLITE_ROW;
  }
  bool run() {
    step();
    return good();
  }
  bool good() const noexcept { return result_ == SQLITE_DONE || result_ == SQLITE_ROW; } // of the last step()
  std::optional<std::int64_t> number(int column) const {
    if (sqlite3_column_type(prepared_, column) == SQLITE_NULL)
      return std::nullopt;
    return sqlite3_column_int64(prepared_, column);
  }
  std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(prepared_, column));
    return bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column))) : std::string{};
  }

private:
  void reset() {
    if (prepared_) {
      sqlite3_reset(prepared_);
      sqlite3_clear_bindings(prepared_);
    }
  }
  history_file& owner_;
  sqlite3_stmt* prepared_;
  int bound_ = 0;
  int result_ = SQLITE_OK;
};

} // namespace holdfast

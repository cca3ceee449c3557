#include "runtime/sqlite_reader.hpp"

#include <cctype>
#include <memory>
#include <string_view>

#include <sqlite3.h>
#include <unistd.h>

namespace holdfast {

namespace {

constexpr int patience_ms = 50;
constexpr int write_patience_ms = 2000;

struct closer {
  void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* prepared) const noexcept { sqlite3_finalize(prepared); }
};
using database_ptr = std::unique_ptr<sqlite3, closer>;
using statement_ptr = std::unique_ptr<sqlite3_stmt, closer>;

// A path as a URI of SQLite's.
std::string uri_of(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view{"/._-"}.find(c) != std::string_view::npos)
      uri += c;
    else
      uri.append({'%', digits[byte >> 4], digits[byte & 0xF]});
  }
  return uri + "?immutable=1";
}

// Null where this way of opening does not lead to the table of values.
statement_ptr query_values(const std::string& name, int flags, database_ptr& database) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(name.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, nullptr);
  database.reset(raw);
  if (opened != SQLITE_OK)
    return nullptr;
  sqlite3_busy_timeout(raw, patience_ms);
  // What is read once is not kept: memory for every page is half of what reading a large value takes.
  sqlite3_exec(raw, "PRAGMA cache_size=-64", nullptr, nullptr, nullptr);
  sqlite3_stmt* query = nullptr;
  sqlite3_prepare_v2(raw, "SELECT value FROM entry WHERE key=?1", -1, &query, nullptr);
  return statement_ptr{query};
}

} // namespace

std::vector<std::optional<std::string>> read_entries(const std::string& path, const std::vector<std::string>& keys) {
  std::vector<std::optional<std::string>> values(keys.size());
  database_ptr database;
  auto query = query_values(path, 0, database);
  // A write-ahead log needs files beside the database; where none can be made, only its main file can be read.
  if (!query)
    query = query_values(uri_of(path), SQLITE_OPEN_URI, database);
  if (!query)
    return values;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    sqlite3_bind_text64(query.get(), 1, keys[i].data(), keys[i].size(), SQLITE_STATIC, SQLITE_UTF8);
    if (sqlite3_step(query.get()) == SQLITE_ROW) {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(query.get(), 0));
      values[i].emplace(bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(query.get(), 0)));
    }
    sqlite3_reset(query.get());
  }
  query.reset();
  return values;
}

// To begin to write is enough: that needs the log and its index, for which a full disk has no room.
std::string why_not_writable(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0)
    return {};
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const database_ptr database{raw};
  if (!raw)
    return "out of memory";
  sqlite3_busy_timeout(raw, write_patience_ms);
  if (opened != SQLITE_OK || sqlite3_exec(raw, "BEGIN IMMEDIATE; ROLLBACK", nullptr, nullptr, nullptr) != SQLITE_OK)
    return sqlite3_errmsg(raw);
  return {};
}

} // namespace holdfast

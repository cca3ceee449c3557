// A second connection to a database, as another program has it.
#pragma once

#include <string>

#include <sqlite3.h>

namespace holdfast::test {

// False: refused, or not answered within 2 s.
inline bool execute(const std::string& path, const char* sql) {
  sqlite3* raw = nullptr;
  bool good = sqlite3_open(path.c_str(), &raw) == SQLITE_OK;
  sqlite3_busy_timeout(raw, 2000);
  good = good && sqlite3_exec(raw, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(raw);
  return good;
}

// Another program that writes to it and does not come to an end, for the life of the object.
class held_database {
public:
  explicit held_database(const std::string& path) {
    sqlite3_open(path.c_str(), &raw_);
    sqlite3_exec(raw_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  }
  ~held_database() { sqlite3_close(raw_); }
  held_database(const held_database&) = delete;
  held_database& operator=(const held_database&) = delete;

private:
  sqlite3* raw_ = nullptr;
};

// Tells whether another connection has changed a database since.
class watched_database {
public:
  explicit watched_database(const std::string& path) {
    sqlite3_open(path.c_str(), &raw_);
    before_ = version();
  }
  ~watched_database() { sqlite3_close(raw_); }
  watched_database(const watched_database&) = delete;
  watched_database& operator=(const watched_database&) = delete;

  bool changed() const { return version() != before_; }

private:
  int version() const {
    int told = 0;
    sqlite3_stmt* query = nullptr;
    if (sqlite3_prepare_v2(raw_, "PRAGMA data_version", -1, &query, nullptr) == SQLITE_OK && sqlite3_step(query) == SQLITE_ROW)
      told = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    return told;
  }
  sqlite3* raw_ = nullptr;
  int before_ = 0;
};

} // namespace holdfast::test

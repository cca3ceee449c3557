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

} // namespace holdfast::test

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

} // namespace holdfast::test

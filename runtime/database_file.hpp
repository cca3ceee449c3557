// What several processes may do to one database file only one after the other: bring it into being, and move it aside
// when it is damaged. (Switching to WAL fails at once where another process is at it, and two that saw the same damage
// would move each other's new file.)
//
// Errors  none: without the lock, or past the patience, the caller goes on alone.
#pragma once

#include <chrono>
#include <string>

#include <holdfast/runtime/shutdown_deadline.hpp>

namespace holdfast {

// Holds `<database>.lock` for its life. A holder that hangs is waited for as long as `patience`, and not past `ends`.
class opening_lock {
public:
  opening_lock(const std::string& database, std::chrono::milliseconds patience, const shutdown_deadline_ptr& ends);
  ~opening_lock();
  opening_lock(const opening_lock&) = delete;
  opening_lock& operator=(const opening_lock&) = delete;

private:
  int file_;
};

// Keeps the file and its log under a name of their own: what can still be saved may be in either.
void move_database_aside(const std::string& path);

} // namespace holdfast

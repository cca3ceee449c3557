// How long one connection waits for a database that others hold: by its patience, and for nothing once its engine has to be gone.
// Then long statements end early, too.
//
// Threads  the connection's.
// Bounds   a busy database is asked again after at most 25 ms.
// Life     longer than the connection, at one address.
#pragma once

#include <chrono>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/shutdown_deadline.hpp>

struct sqlite3;

namespace holdfast {

class database_wait {
public:
  explicit database_wait(shutdown_deadline_ptr ends) : ends_{std::move(ends)} {}
  database_wait(const database_wait&) = delete;
  database_wait& operator=(const database_wait&) = delete;

  // From now on the connection waits as long as `patience`.
  void apply(sqlite3* database, std::chrono::milliseconds patience) noexcept;
  // Nobody waits any more.
  bool over() const noexcept { return ends_ && ends_->passed(); }

private:
  static int ask_again(void* self, int asked) noexcept;

  shutdown_deadline_ptr ends_;
  std::chrono::milliseconds patience_{};
  boot_time give_up_{};
};

} // namespace holdfast

#include "runtime/database_wait.hpp"

#include <algorithm>

#include <sqlite3.h>

namespace holdfast {

namespace {

constexpr int pause_max_ms = 25;
// Of SQLite's machine: a few milliseconds' work.
constexpr int instructions_between_looks = 100'000;

int is_over(void* wait) noexcept { return static_cast<const database_wait*>(wait)->over() ? 1 : 0; }

} // namespace

void database_wait::apply(sqlite3* database, std::chrono::milliseconds patience) noexcept {
  patience_ = patience;
  sqlite3_busy_handler(database, &ask_again, this);
  sqlite3_progress_handler(database, instructions_between_looks, ends_ ? &is_over : nullptr, this);
}

int database_wait::ask_again(void* self, int asked) noexcept {
  auto& wait = *static_cast<database_wait*>(self);
  const auto now = boot_clock::now();
  if (asked == 0)
    wait.give_up_ = now + wait.patience_;
  if (now >= wait.give_up_ || wait.over())
    return 0;
  pause_before(wait.ends_, std::chrono::milliseconds{std::min(asked + 1, pause_max_ms)});
  return 1;
}

} // namespace holdfast

#include "runtime/database_file.hpp"

#include <cstdio>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "runtime/ledger_file.hpp"
#include "runtime/log.hpp"

namespace holdfast {

opening_lock::opening_lock(const std::string& database, std::chrono::milliseconds patience, const shutdown_deadline_ptr& ends)
  : file_{::open((database + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) != 0 && std::chrono::steady_clock::now() < give_up
         && !(ends && ends->passed()))
    pause_before(ends, std::chrono::milliseconds{5});
}

opening_lock::~opening_lock() {
  if (file_ >= 0)
    ::close(file_);
}

void move_database_aside(const std::string& path) {
  const auto aside = path + ".damaged." + to_text(random_ledger_id());
  for (const char* part : {"", "-wal", "-shm"})
    std::rename((path + part).c_str(), (aside + part).c_str());
  logger()->warn("database was damaged and begins anew file={} kept={}", log_value(path), log_value(aside));
}

} // namespace holdfast

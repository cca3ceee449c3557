#include "runtime/embargo.hpp"

#include <algorithm>
#include <fstream>

#include "runtime/log.hpp"
#include "runtime/retry_after.hpp"

namespace holdfast {

embargo::embargo(market which, std::string file, clock_ptr clock)
  : which_{which}, file_{std::move(file)}, clock_{std::move(clock)} {
  std::int64_t until_seconds = 0;
  if (file_.empty() || !(std::ifstream{file_} >> until_seconds))
    return;
  const auto left = std::chrono::seconds{until_seconds} - clock_->wall_now().time_since_epoch();
  if (left > std::chrono::seconds{0})
    until_ = clock_->boot_now() + std::min<std::chrono::nanoseconds>(left, embargo_max);
}

void embargo::close_for(std::chrono::seconds length) {
  std::lock_guard guard{mutex_};
  const auto until = clock_->boot_now() + std::min(length, embargo_max);
  if (until <= until_)
    return;
  until_ = until;
  logger()->warn("exchange forbids asking market={} seconds={}", to_string(which_), length.count());
  write();
}

std::optional<boot_time> embargo::closed_until() const {
  std::lock_guard guard{mutex_};
  if (clock_->boot_now() >= until_)
    return std::nullopt;
  return until_;
}

void embargo::write() const {
  if (file_.empty())
    return;
  const auto end = clock_->wall_now() + std::chrono::ceil<std::chrono::microseconds>(until_ - clock_->boot_now());
  std::ofstream file{file_, std::ios::trunc};
  file << std::chrono::ceil<std::chrono::seconds>(end).time_since_epoch().count() << '\n';
  if (!file.flush())
    logger()->warn("embargo is not kept for the next process file={}", file_);
}

} // namespace holdfast

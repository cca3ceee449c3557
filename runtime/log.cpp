#include "runtime/log.hpp"

#include <mutex>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace holdfast {

std::shared_ptr<spdlog::logger> logger() {
  static std::mutex mutex;
  if (auto known = spdlog::get("holdfast"))
    return known;
  std::lock_guard guard{mutex};
  if (auto known = spdlog::get("holdfast"))
    return known;
  return spdlog::stderr_logger_mt("holdfast");
}

void repeated_failure::failed(std::string_view detail) {
  ++count_;
  if (count_ != next_said_) {
    ++suppressed_;
    return;
  }
  next_said_ *= 10;
  if (count_ == 1)
    logger()->warn("{} failed: {}", what_, detail);
  else
    logger()->warn("{} failed {} times, most of them not logged: {}", what_, count_, detail);
}

void repeated_failure::recovered() {
  if (count_ == 0)
    return;
  logger()->info("{} works again failures={}", what_, count_);
  count_ = 0;
  next_said_ = 1;
}

} // namespace holdfast

#include "runtime/log.hpp"

#include <atomic>
#include <mutex>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace holdfast {

namespace {

std::atomic<std::uint64_t> suppressed_in_all{0};

} // namespace

std::uint64_t suppressed_warnings() noexcept { return suppressed_in_all.load(std::memory_order_relaxed); }

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
    suppressed_in_all.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  next_said_ *= 10;
  if (count_ == 1)
    logger()->warn("{} failed reason=\"{}\"", what_, detail);
  else
    logger()->warn("{} still fails failures={} reason=\"{}\"", what_, count_, detail);
}

void repeated_failure::recovered() {
  if (count_ == 0)
    return;
  logger()->info("{} works again failures={}", what_, count_);
  count_ = 0;
  next_said_ = 1;
}

} // namespace holdfast

#include "runtime/log.hpp"

#include <atomic>
#include <mutex>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "runtime/printable.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr auto other_reason_pause = 1min; // reasons that take turns are no line each

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

std::string log_value(std::string_view text) {
  std::string out{'"'};
  for (const char character : printable(text)) {
    if (character == '"' || character == '\\')
      out += '\\';
    out += character;
  }
  return out += '"';
}

void repeated_failure::failed(std::string_view detail, boot_time now) {
  ++count_;
  const bool another = count_ > 1 && detail != said_ && now - said_at_ >= other_reason_pause;
  if (count_ != next_said_ && !another) {
    ++suppressed_;
    suppressed_in_all.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (count_ == next_said_)
    next_said_ *= 10;
  said_ = detail;
  said_at_ = now;
  if (count_ == 1)
    logger()->warn("{} failed{} reason={}", what_, field_, log_value(detail));
  else
    logger()->warn("{} still fails{} failures={} reason={}", what_, field_, count_, log_value(detail));
}

void repeated_failure::recovered() {
  if (count_ == 0)
    return;
  logger()->info("{} works again{} failures={}", what_, field_, count_);
  count_ = 0;
  next_said_ = 1;
}

} // namespace holdfast

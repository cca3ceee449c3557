// The library's log: the spdlog logger named `holdfast`, which a host may register before the engine starts or put
// in place of ours later (ours writes to standard error). One line per event, "what happened key=value ...", nothing secret in it;
// a value that comes from outside is log_value().
//
// Threads  logger(): any. repeated_failure: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <spdlog/logger.h>

#include "runtime/clock.hpp"

namespace holdfast {

std::shared_ptr<spdlog::logger> logger();

// A value for a log line: printable, in double quotes, those inside it and backslashes escaped.
std::string log_value(std::string_view text);

// Failures of this process that were counted instead of logged.
std::uint64_t suppressed_warnings() noexcept;

// Says a failure that repeats once, counts the rest in silence, and tells on recovery how many there were.
class repeated_failure {
public:
  // `field`: " market=spot", say, for every line.
  explicit repeated_failure(std::string_view what, std::string field = {}) : what_{what}, field_{std::move(field)} {}

  // The first one since the last recovery is logged as a warning; the 10th, 100th, ... once more with their count, and one whose
  // reason is another than that of the last line, at most once a minute.
  void failed(std::string_view detail, boot_time now = boot_clock::now());
  // Logs one line if anything failed since the last recovery.
  void recovered();
  std::uint64_t count() const noexcept { return count_; }
  // All failures that were not logged, over the whole life.
  std::uint64_t suppressed() const noexcept { return suppressed_; }

private:
  std::string_view what_; // a literal: "redis link", "fetch"
  std::string field_;
  std::string said_; // the reason in the last line
  boot_time said_at_{};
  std::uint64_t count_ = 0;
  std::uint64_t suppressed_ = 0;
  std::uint64_t next_said_ = 1;
};

} // namespace holdfast

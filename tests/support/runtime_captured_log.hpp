// Takes holdfast's log lines for one test, so that it can count them.
//
// Threads  any.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace holdfast::test {

class captured_log {
public:
  captured_log() : lines_{std::make_shared<collector>()} {
    before_ = spdlog::get("holdfast");
    put(std::make_shared<spdlog::logger>("holdfast", lines_));
  }
  ~captured_log() {
    spdlog::drop("holdfast");
    if (before_)
      put(before_);
  }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;

  // Lines of this level that hold `part`.
  std::ptrdiff_t count(spdlog::level::level_enum level, const std::string& part) const { return lines_->count(level, part); }
  std::ptrdiff_t warnings(const std::string& part = {}) const { return count(spdlog::level::warn, part); }

  // Called for each further line, on the thread that logs it.
  void when_logged(std::function<void()> then) { lines_->then = std::move(then); }

private:
  // Whoever logs meanwhile makes another one.
  static void put(const std::shared_ptr<spdlog::logger>& one) {
    while (spdlog::get("holdfast") != one) {
      spdlog::drop("holdfast");
      try {
        spdlog::register_logger(one);
      } catch (const spdlog::spdlog_ex&) {
      }
    }
  }

  class collector final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    std::function<void()> then; // empty: nothing

    std::ptrdiff_t count(spdlog::level::level_enum level, const std::string& part) {
      const std::lock_guard guard{mutex_};
      return std::count_if(taken_.begin(), taken_.end(), [&](const auto& one) {
        return one.first == level && one.second.find(part) != std::string::npos;
      });
    }

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
      taken_.emplace_back(message.level, std::string{message.payload.data(), message.payload.size()});
      if (then)
        then();
    }
    void flush_() override {}
    std::vector<std::pair<spdlog::level::level_enum, std::string>> taken_;
  };

  std::shared_ptr<collector> lines_;
  std::shared_ptr<spdlog::logger> before_;
};

} // namespace holdfast::test

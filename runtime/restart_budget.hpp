// At most N restarts in a sliding window of T: the restart intensity of a supervisor.
#pragma once

#include <cstddef>
#include <deque>

#include <holdfast/runtime/clock.hpp>

namespace holdfast {

class restart_budget {
public:
  restart_budget() = default;
  restart_budget(std::size_t most, std::chrono::nanoseconds window) : most_{most}, window_{window} {}

  // Counts a restart at `now`; false where it is one too many.
  bool spend(boot_time now) {
    while (!spent_.empty() && now - spent_.front() >= window_)
      spent_.pop_front();
    if (spent_.size() >= most_)
      return false;
    spent_.push_back(now);
    return true;
  }

private:
  std::size_t most_ = 5;
  std::chrono::nanoseconds window_ = std::chrono::seconds{60};
  std::deque<boot_time> spent_; // at most `most_`
};

} // namespace holdfast

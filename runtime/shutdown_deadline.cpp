#include "runtime/shutdown_deadline.hpp"

#include <algorithm>
#include <cstdint>

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace holdfast {

shutdown_deadline::shutdown_deadline() : timer_{::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)} {}

shutdown_deadline::~shutdown_deadline() {
  if (timer_ >= 0)
    ::close(timer_);
}

void shutdown_deadline::set(boot_time at) noexcept {
  const std::lock_guard guard{setting_};
  if (at >= at_.load(std::memory_order_relaxed))
    return;
  at_.store(at, std::memory_order_relaxed);
  constexpr std::int64_t second = 1'000'000'000;
  const auto since_boot = std::max<std::int64_t>(at.time_since_epoch().count(), 1); // zero would stop the timer
  itimerspec when{};
  when.it_value.tv_sec = since_boot / second;
  when.it_value.tv_nsec = since_boot % second;
  if (timer_ >= 0)
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void pause_before(const shutdown_deadline_ptr& ends, std::chrono::milliseconds length) noexcept {
  pollfd end{ends ? ends->descriptor() : -1, POLLIN, 0};
  ::poll(&end, 1, static_cast<int>(length.count()));
}

} // namespace holdfast

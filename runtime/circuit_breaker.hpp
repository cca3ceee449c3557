// Stops asking a peer that fails: opens after a number of consecutive failures, for a time that doubles up to a bound;
// then lets one probe through. Consecutive, not a percentage: a fetcher that calls once in minutes never fills a window.
#pragma once

#include <algorithm>
#include <cstdint>

#include <holdfast/runtime/clock.hpp>

namespace holdfast {

class circuit_breaker {
public:
  enum class phase : std::uint8_t { closed, open, half_open };

  circuit_breaker() = default;
  circuit_breaker(std::uint32_t failures_max, std::chrono::nanoseconds first, std::chrono::nanoseconds longest)
    : failures_max_{failures_max}, first_{first}, longest_{longest}, length_{first} {}

  // Whether one may ask at `now`; the call that finds the open time over becomes the probe.
  bool admit(boot_time now) noexcept {
    if (phase_ == phase::open && now >= open_until_)
      phase_ = phase::half_open;
    return phase_ != phase::open;
  }

  void succeeded() noexcept {
    phase_ = phase::closed;
    failures_ = 0;
    length_ = first_;
  }
  void failed(boot_time now) noexcept {
    ++failures_;
    if (phase_ == phase::half_open || failures_ >= failures_max_)
      open(now);
  }
  // Whatever was counted.
  void open(boot_time now) noexcept {
    phase_ = phase::open;
    open_until_ = now + length_;
    length_ = std::min(length_ * 2, longest_);
  }

  phase state() const noexcept { return phase_; }
  boot_time open_until() const noexcept { return open_until_; }
  std::uint32_t failures() const noexcept { return failures_; }

private:
  std::uint32_t failures_max_ = 5;
  std::chrono::nanoseconds first_ = std::chrono::seconds{5};
  std::chrono::nanoseconds longest_ = std::chrono::seconds{15};
  std::chrono::nanoseconds length_ = first_;
  phase phase_ = phase::closed;
  boot_time open_until_{};
  std::uint32_t failures_ = 0;
};

} // namespace holdfast

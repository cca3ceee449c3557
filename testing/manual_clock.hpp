// Clocks that stand still until they are told, for actors in virtual time.
//
// Threads  any.
#pragma once

#include <atomic>

#include <holdfast/runtime/clock.hpp>

namespace holdfast::testing {

class manual_clock final : public clock_source {
public:
  // 1000 hours at first, so that there is a past.
  boot_time boot_now() const noexcept override { return boot_time{std::chrono::nanoseconds{boot_.load()}}; }
  // Unix second 1,790,000,000 at first, in September 2026.
  wall_time wall_now() const noexcept override { return wall_time{std::chrono::microseconds{wall_.load()}}; }
  // Both go on.
  void advance(std::chrono::nanoseconds by) {
    boot_ += by.count();
    wall_ += by.count() / 1000;
  }
  // The wall clock alone jumps.
  void step_wall(std::chrono::microseconds by) { wall_ += by.count(); }

private:
  std::atomic<std::int64_t> boot_{std::chrono::nanoseconds{std::chrono::hours{1000}}.count()};
  std::atomic<std::int64_t> wall_{1'790'000'000'000'000};
};

} // namespace holdfast::testing

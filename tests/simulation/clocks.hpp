// Simulated time. All processes and the exchange live in one world; each process has a boot clock with an origin of its own and
// a wall clock that may be wrong.
#pragma once

#include <chrono>

#include "runtime/clock.hpp"

namespace holdfast::simulation {

using nanoseconds = std::chrono::nanoseconds;

// Time as it is. While the machines sleep it goes on, and timers do not.
class world_time {
public:
  nanoseconds elapsed() const noexcept { return awake_ + slept_; }
  nanoseconds awake() const noexcept { return awake_; }
  wall_time wall() const noexcept { return begin + std::chrono::floor<std::chrono::microseconds>(elapsed()); }
  void advance(nanoseconds by) noexcept { awake_ += by; }
  void sleep(nanoseconds by) noexcept { slept_ += by; }

private:
  static constexpr wall_time begin{std::chrono::microseconds{1'790'000'000'000'000}};
  nanoseconds awake_{};
  nanoseconds slept_{};
};

class process_clock final : public clock_source {
public:
  // `drags`: a planted bug, it loses half of every hour.
  process_clock(const world_time& world, nanoseconds boot_origin, std::chrono::microseconds wall_error, bool drags = false)
    : world_{world}, boot_origin_{boot_origin}, wall_error_{wall_error}, drags_{drags} {}

  boot_time boot_now() const noexcept override {
    return boot_time{boot_origin_ + (drags_ ? world_.elapsed() / 2 : world_.elapsed())};
  }
  wall_time wall_now() const noexcept override { return world_.wall() + wall_error_; }
  void step_wall(std::chrono::microseconds by) noexcept { wall_error_ += by; }

private:
  const world_time& world_;
  nanoseconds boot_origin_;
  std::chrono::microseconds wall_error_;
  bool drags_;
};

} // namespace holdfast::simulation

#include "runtime/clock.hpp"

#include <atomic>
#include <cstdlib>
#include <ctime>

#include "runtime/slept_time.hpp"

namespace holdfast {

boot_clock::time_point boot_clock::now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return time_point{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

namespace {

std::int64_t read_ns(clockid_t which) noexcept {
  timespec now{};
  clock_gettime(which, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class machine_clocks final : public clock_source {
public:
  boot_time boot_now() const noexcept override { return boot_clock::now(); }
  wall_time wall_now() const noexcept override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  // The kernel has no coarse boot clock: this is the coarse monotonic one plus what the machine slept. A sleep moves the
  // wall clock on and not the monotonic one, which shows in their distance (and so does a step of the wall clock).
  boot_time coarse_now() const noexcept override {
    const auto monotonic = read_ns(CLOCK_MONOTONIC_COARSE);
    if (monotonic != tick_.load(std::memory_order_acquire))
      notice_sleep(monotonic);
    return boot_time{std::chrono::nanoseconds{monotonic + slept_.load(std::memory_order_relaxed)}};
  }

private:
  // Once per tick of the kernel, with which both coarse clocks move.
  void notice_sleep(std::int64_t monotonic) const noexcept {
    const auto distance = read_ns(CLOCK_REALTIME_COARSE) - monotonic;
    if (std::abs(distance - distance_.load(std::memory_order_relaxed)) > unnoticed_ns) {
      slept_.store(slept_ns([] { return read_ns(CLOCK_MONOTONIC); }, [] { return read_ns(CLOCK_BOOTTIME); }), std::memory_order_relaxed);
      distance_.store(distance, std::memory_order_relaxed);
    }
    tick_.store(monotonic, std::memory_order_release);
  }

  static constexpr std::int64_t unnoticed_ns = 15'000'000; // more than one tick between the two readings
  mutable std::atomic<std::int64_t> tick_{0};
  mutable std::atomic<std::int64_t> distance_{0};
  mutable std::atomic<std::int64_t> slept_{0};
};

} // namespace

clock_ptr system_clocks() {
  static const auto clocks = std::make_shared<const machine_clocks>();
  return clocks;
}

} // namespace holdfast

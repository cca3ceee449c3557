#include "runtime/clock.hpp"

#include <ctime>

namespace holdfast {

boot_clock::time_point boot_clock::now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return time_point{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

namespace {

class machine_clocks final : public clock_source {
public:
  boot_time boot_now() const noexcept override { return boot_clock::now(); }
  wall_time wall_now() const noexcept override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

} // namespace

clock_ptr system_clocks() {
  static const auto clocks = std::make_shared<const machine_clocks>();
  return clocks;
}

} // namespace holdfast

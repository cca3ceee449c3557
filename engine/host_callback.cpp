#include "engine/host_callback.hpp"

#include <atomic>
#include <cstdint>

#include "runtime/log.hpp"

namespace holdfast {

namespace {

bool is_power_of_ten(std::uint64_t number) noexcept {
  while (number >= 10 && number % 10 == 0)
    number /= 10;
  return number == 1;
}

} // namespace

void note_thrown_by_callback() noexcept {
  static std::atomic<std::uint64_t> thrown{0};
  try {
    if (const auto count = thrown.fetch_add(1, std::memory_order_relaxed) + 1; is_power_of_ten(count))
      logger()->warn("a callback of the host threw, nothing ended for that times={}", count);
  } catch (...) { // no memory for the line
  }
}

} // namespace holdfast

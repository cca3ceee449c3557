// Waits for a condition that other threads or processes bring about, at most 20 s.
#pragma once

#include <poll.h>

#include "runtime/clock.hpp"

namespace holdfast::test {

template <class Condition>
bool wait_until(Condition condition, std::chrono::seconds at_most = std::chrono::seconds{20}) {
  const auto give_up = boot_clock::now() + at_most;
  while (!condition()) {
    if (boot_clock::now() > give_up)
      return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

} // namespace holdfast::test

// How many messages wait in the test scheduler's clock for their time; deadlines of requests are none.
#pragma once

#include <algorithm>
#include <cstddef>

#include <caf/scheduler/test_coordinator.hpp>

namespace holdfast::test {

inline std::size_t pending_timers(caf::scheduler::test_coordinator& scheduler) {
  const auto& all = scheduler.clock().schedule();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& one) {
    return one.second->subtype == caf::detail::simple_actor_clock::actor_msg_type;
  }));
}

} // namespace holdfast::test

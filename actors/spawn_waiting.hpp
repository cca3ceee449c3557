// Private: starts an actor that waits for the disk or the network. It has a thread of its own, unless it is to be simulated or
// the machine gives none: then the actor system's threads do its work, and others wait for it.
#pragma once

#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <caf/spawn_options.hpp>

#include "runtime/log.hpp"
#include "runtime/starting_thread.hpp"

namespace holdfast {

// An actor whose thread CAF 0.17 cannot start is counted all the same: the actor system would never end. So it is tried before.
inline bool has_thread_for(std::string_view actor) noexcept {
  try {
    std::thread{[] {}}.join();
    return true;
  } catch (const std::system_error& why) {
    logger()->warn("an actor has no thread of its own actor={} reason={}", actor, log_value(why.what()));
    return false;
  }
}

// `on` is an actor system or an actor; the options are those besides caf::detached.
template <caf::spawn_options Options = caf::no_spawn_options, class Spawner, class... Arguments>
auto spawn_waiting(Spawner& on, bool own_thread, std::string_view name, Arguments&&... arguments) {
  if (own_thread) {
    const std::lock_guard guard{starting_thread};
    if (has_thread_for(name))
      return on.template spawn<Options + caf::detached>(std::forward<Arguments>(arguments)...);
  }
  return on.template spawn<Options>(std::forward<Arguments>(arguments)...);
}

} // namespace holdfast

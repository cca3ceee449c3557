// Timers of a detached actor. CAF's delayed_send holds its receiver until the time has come, and a detached actor that is
// held keeps its thread: an engine that has ended would leave it behind for seconds. An alarm is a small scheduled actor
// that is held instead. It ends with its owner and knows it weakly.
//
// Threads  scheduled. set_alarm: the owner's.
#pragma once

#include <chrono>

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "messages/wake.hpp"

namespace holdfast {

template <class Handle>
caf::behavior alarm(caf::event_based_actor*, const caf::actor_addr& owner) {
  return {[owner](const wake& due) {
    if (const auto alive = caf::actor_cast<caf::strong_actor_ptr>(owner))
      caf::anon_send(caf::actor_cast<Handle>(alive), due);
  }};
}

// The owner gets `due` after `span`. `timer` is its alarm, spawned with the first one.
template <class Handle, class Owner>
void set_alarm(Owner* owner, caf::actor& timer, std::chrono::nanoseconds span, wake due) {
  if (!timer)
    timer = owner->template spawn<caf::linked>(alarm<Handle>, owner->address());
  caf::delayed_anon_send(timer, span, due);
}

} // namespace holdfast

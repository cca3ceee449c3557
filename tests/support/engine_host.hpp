// A host of one engine with its own actor system, as most programs are. The configuration outlives it.
#pragma once

#include <caf/actor_system.hpp>

#include "engine/engine.hpp"
#include "tests/support/runtime_wait.hpp"

namespace holdfast::test {

struct engine_host {
  explicit engine_host(engine_config& config) : system{config}, front{system} {}

  // Asks once the list before is not fresh any more.
  symbols_reply ask_again(market which) {
    auto view = front.symbols(which);
    wait_until([&] { return view.stale(); });
    return front.symbols_sync(which, std::chrono::seconds{5});
  }
  // The same until the answer is a new list: where an older one is known, nobody waits for a fetch longer than a second.
  symbols_reply ask_fresh(market which) {
    auto reply = ask_again(which);
    wait_until([&] {
      if (reply.stale || !reply.table)
        reply = front.symbols_sync(which, std::chrono::seconds{5});
      return reply.table && !reply.stale;
    });
    return reply;
  }
  exchange_facts facts(market which) { return front.status().exchange[index(which)]; }

  caf::actor_system system;
  engine front;
};

} // namespace holdfast::test

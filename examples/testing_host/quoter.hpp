// An actor of a host: it quotes a symbol while its list is fresh, and pauses while it is not.
#pragma once

#include <chrono>
#include <string>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <holdfast/engine/engine.hpp>

struct quoter_state {
  bool quoting = false;
  std::string tick;
};

// Looks every 10 s.
inline caf::behavior quoter(caf::stateful_actor<quoter_state>* self, const holdfast::cache_actor& cache, holdfast::counter pauses) {
  self->send(self, caf::tick_atom::value);
  return {[=](caf::tick_atom) {
    self->delayed_send(self, std::chrono::seconds{10}, caf::tick_atom::value);
    self->request(cache, std::chrono::seconds{5}, holdfast::get_symbols{holdfast::market::spot, std::nullopt})
      .then(
        [=](const holdfast::symbols_reply& reply) {
          const auto* symbol = reply.table->find("BTCUSDT");
          if (self->state.quoting && reply.stale)
            pauses.incr();
          self->state.quoting = symbol && !reply.stale;
          self->state.tick = symbol ? std::string{symbol->tick_size.text()} : std::string{};
        },
        [=](const caf::error&) { self->state.quoting = false; });
  }};
}

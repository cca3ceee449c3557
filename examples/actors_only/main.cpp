// A host that is made of actors: it asks the cache by message, counts by message, and watches the supervisor.
#include <chrono>
#include <iostream>
#include <optional>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <holdfast/engine/engine.hpp>

using namespace std::chrono_literals;

namespace {

struct question_handles {
  holdfast::cache_actor cache;
  holdfast::counter_actor counters;
  holdfast::supervisor_actor supervisor;
};

// Asks once for each market, says what it got, and ends.
caf::behavior strategy(caf::event_based_actor* self, const question_handles& holdfast_actors) {
  self->monitor(holdfast_actors.supervisor);
  self->set_down_handler([self](const caf::down_msg&) {
    std::cout << "holdfast's supervisor is gone\n";
    self->quit();
  });
  auto left = std::make_shared<std::size_t>(holdfast::market_count);
  const auto answered = [self, left] {
    if (--*left == 0)
      self->quit();
  };
  for (const auto which : holdfast::all_markets)
    self->request(holdfast_actors.cache, 15s, holdfast::get_symbols{which, std::nullopt})
      .then(
        [=, counters = holdfast_actors.counters](const holdfast::symbols_reply& reply) {
          std::cout << holdfast::to_string(which) << ": " << reply.table->listed().size() << " tradable symbols, "
                    << (reply.stale ? "stale" : "fresh") << ", from " << holdfast::to_string(reply.source) << '\n';
          self->send(counters, holdfast::incr_counter{"metrics:feature_usage:actors_only", 1});
          answered();
        },
        [=](const caf::error& why) {
          std::cout << holdfast::to_string(which) << ": " << holdfast::to_string(holdfast::fault_of(why)) << '\n';
          answered();
        });
  return {[](int) {}};
}

} // namespace

int main(int argc, char** argv) {
  holdfast::engine_config config;
  if (auto error = config.parse(argc, argv)) {
    std::cerr << error.text() << '\n';
    return 2;
  }
  caf::actor_system system{config};
  holdfast::engine engine{system};
  const auto host = system.spawn(strategy, question_handles{engine.cache(), engine.counters(), engine.supervisor()});
  caf::scoped_actor self{system};
  self->wait_for(host);
}

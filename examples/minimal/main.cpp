#include <iostream>

#include <caf/actor_system.hpp>
#include <holdfast/engine/engine.hpp>

int main(int argc, char** argv) {
  holdfast::engine_config config; // is a caf::actor_system_config; derive your own from it
  if (auto error = config.parse(argc, argv)) {
    std::cerr << error.text() << '\n';
    return 2;
  }
  caf::actor_system system{config};
  holdfast::engine engine{system}; // starts the actors, stops them in its destructor

  holdfast::counter sent = engine.counter("metrics:orders:sent");
  sent.incr(); // any thread, noexcept

  engine.symbols_sync(holdfast::market::spot, std::chrono::seconds{10}); // waits for the first list
  holdfast::symbols_view spot = engine.symbols(holdfast::market::spot); // one per thread
  if (const auto* symbol = spot.find("BTCUSDT"))
    std::cout << symbol->name << " tick " << symbol->tick_size.text() << (spot.stale() ? " (stale)" : "") << '\n';
}

// Private: what an engine is made with. A host's engine gets the machine's clocks, Redis and libcurl; a simulation brings
// its own clock, store and exchange, and has every actor on the one scheduler that it drives.
#pragma once

#include <cstdint>
#include <functional>

#include <caf/actor_system.hpp>

#include "config/options.hpp"
#include "messages/interfaces.hpp"
#include "runtime/clock.hpp"
#include "runtime/http_transfer.hpp"
#include "runtime/telemetry.hpp"

namespace holdfast {

// Answers null where there is none to be had; then the state folder's store is the only one.
using store_starter = std::function<store_actor(caf::actor_system&, const clock_ptr&, const telemetry_ptr&)>;

struct engine_means {
  options settings;
  clock_ptr clock = system_clocks();
  store_starter shared_store;      // asked only where the settings want one
  http_transfer_factory transfers; // one for each fetcher's life
  std::uint64_t seed = 0;          // of all jitter
  bool own_threads = true;         // of actors that wait for the disk or the network
};

// With the options of the system's configuration, or with defaults where that is no engine_config.
engine_means means_of(const caf::actor_system& system);

} // namespace holdfast

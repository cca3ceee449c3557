// What an engine is made with. A host's engine gets the machine's clocks, Redis and libcurl; a test brings its own clock,
// store and exchange, and has every actor on the one scheduler that it drives (<holdfast/testing/fixture.hpp> does).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>

#include <holdfast/config/options.hpp>
#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/http_transfer.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

// A shared store as it was started. Without a handle there is none to be had; then the state folder's store is the only one.
struct started_store {
  // Implicit: most stores wait for nothing, and are their actor.
  started_store(store_actor actor = {}, std::function<void(boot_time)> end = {})
    : handle{std::move(actor)}, end_by{std::move(end)} {}

  store_actor handle;                    // may be null
  std::function<void(boot_time)> end_by; // the engine ends: from then on it waits for nothing. From any thread; may be empty
};

// How one is started.
using store_starter = std::function<started_store(caf::actor_system&, const clock_ptr&, const telemetry_ptr&)>;

// What an engine works with. Tests give their own.
struct engine_means {
  options settings; // of this engine; means_of() takes them from the system's configuration
  clock_ptr clock = system_clocks(); // of ages, deadlines and TTLs
  store_starter shared_store;      // asked only where the settings want one
  http_transfer_factory transfers; // one for each fetcher's life
  std::uint64_t seed = 0;          // of all jitter
  std::string machine;             // who shares an address, and so a budget of the exchange, by name; empty: this machine
  bool own_threads = true;         // of actors that wait for the disk or the network
  // Null: callers of the engine wait for their answers. Else it is called in their place, to have all messages handled: what
  // is not answered then is answered as after the deadline.
  std::function<void()> drive;
};

// With the options of the system's configuration, or with defaults where that is no engine_config.
HOLDFAST_EXPORT engine_means means_of(const caf::actor_system& system);

// A store in memory on the scheduler's threads, gone with its actor.
HOLDFAST_EXPORT store_actor start_memory_store(caf::actor_system& system, const clock_ptr& clock);

} // namespace holdfast

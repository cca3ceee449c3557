// The host's own headers and holdfast's, of the same names, side by side.
#include <iostream>

#include <caf/actor_system.hpp>
#include <holdfast/engine/engine.hpp>
#include <holdfast/version.hpp>

#include "config/options.hpp"
#include "runtime/counter.hpp"

#ifdef HOLDFAST_WERROR
#  error "a definition of the build reaches the host"
#endif
static_assert(HOLDFAST_VERSION_MAJOR == 0 && !holdfast::version.empty());

int main() {
  holdfast::engine_config config;
  config.spot_warmup_interval = config.futures_warmup_interval = std::chrono::nanoseconds{0};
  config.state_dir = "state";
  caf::actor_system system{config};
  holdfast::engine engine{system};
  engine.counter("metrics:host:started").incr(static_cast<std::uint64_t>(host::count()));
  const bool stored = engine.flush(std::chrono::seconds{10}) && engine.get_int_sync("metrics:host:started") >= 1;
  std::cout << "host " << host::options{}.answer << (stored ? " counted\n" : " lost its count\n");
  return stored ? 0 : 1;
}

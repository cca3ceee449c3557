#include <cstdio>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/signals.hpp"
#include "apps/holdfast/simulation_options.hpp"

namespace holdfast::app {

exit_status run_simulate(const std::vector<std::string>& arguments) {
  const auto wanted = parse_simulation(arguments);
  if (!wanted)
    return refuse_usage(wanted.error());
  const termination_signals signals;
  simulated_exchange exchange{wanted->exchange};
  set_faults(exchange, wanted->faults);
  std::printf("holdfast: simulating an exchange on %s\n", exchange.url().c_str());
  std::fflush(stdout);
  signals.wait();
  return exit_status::done;
}

} // namespace holdfast::app

// The options of a simulated exchange on a command line, for `simulate` and `serve --simulate`.
#pragma once

#include <string>
#include <vector>

#include "apps/holdfast/simulated_exchange.hpp"
#include "runtime/expected.hpp"

namespace holdfast::app {

struct simulation_options {
  simulated_exchange_options exchange;
  std::vector<exchange_fault_setting> faults;
};

// `--name=value` and `--name value`; else why not, with what is accepted.
expected<simulation_options, std::string> parse_simulation(const std::vector<std::string>& arguments);

void set_faults(simulated_exchange& exchange, const std::vector<exchange_fault_setting>& faults);

} // namespace holdfast::app

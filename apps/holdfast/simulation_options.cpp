#include "apps/holdfast/simulation_options.hpp"

#include <charconv>

namespace holdfast::app {

namespace {

constexpr std::string_view accepted
  = "--port=N, --seed=N, --changes-per-poll=N, --faults=[MARKET:]FAULT[:SECONDS],... with FAULT one of ";
constexpr std::size_t no_value = std::string::npos;

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), into);
  return !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

bool take_option(simulation_options& into, std::string_view name, std::string_view value) {
  if (name == "--port")
    return read_number(value, into.exchange.port);
  if (name == "--seed")
    return read_number(value, into.exchange.seed);
  if (name == "--changes-per-poll")
    return read_number(value, into.exchange.changes_per_poll) && into.exchange.changes_per_poll <= 1000;
  if (name != "--faults")
    return false;
  auto faults = parse_exchange_faults(value);
  if (faults)
    into.faults = std::move(*faults);
  return faults.has_value();
}

} // namespace

expected<simulation_options, std::string> parse_simulation(const std::vector<std::string>& arguments) {
  simulation_options wanted;
  wanted.exchange.changes_per_poll = 1;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto equals = arguments[i].find('=');
    const auto name = arguments[i].substr(0, equals);
    const bool in_next = equals == no_value && i + 1 < arguments.size();
    const auto value = in_next ? arguments[++i] : equals == no_value ? std::string{} : arguments[i].substr(equals + 1);
    if (!take_option(wanted, name, value))
      return unexpected{"'" + name + (value.empty() ? "" : "=" + value) + "' is not accepted; accepted: "
                        + std::string{accepted} + exchange_fault_names()};
  }
  return wanted;
}

void set_faults(simulated_exchange& exchange, const std::vector<exchange_fault_setting>& faults) {
  for (const auto& one : faults)
    exchange.set_fault(one.which, one.fault, one.length);
}

} // namespace holdfast::app

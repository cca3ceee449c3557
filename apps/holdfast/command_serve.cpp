#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <unistd.h>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/http_gateway.hpp"
#include "runtime/log.hpp"

namespace holdfast::app {

namespace {

// Every thread that starts later leaves these signals to wait_for_signal().
void block_signals(sigset_t& set) {
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void wait_for_signal(const sigset_t& set) {
  int signal = 0;
  sigwait(&set, &signal);
}

std::string host_of(const std::string& url) {
  const auto begin = url.find("://");
  return begin == std::string::npos ? url : url.substr(begin + 3);
}

} // namespace

exit_status run_serve(invocation& call) {
  if (!call.words.empty())
    return refuse_usage("serve takes no words, only options; '" + call.words.front() + "' is none");
  sigset_t signals;
  block_signals(signals);
  auto& config = call.config;
  if (!config.given("http"))
    config.http = "127.0.0.1:8080";
  std::optional<simulated_exchange> exchange;
  if (call.simulate) {
    exchange.emplace(simulated_exchange_options{});
    config.spot_urls = config.futures_urls = {exchange->url()};
  }
  logger()->set_level(spdlog::level::from_str(config.log_level));
  caf::actor_system system{config};
  engine host{system};
  if (config.http != "off" && host.http_address().empty())
    return fail("cannot listen on " + config.http + "; choose another address with --http");
  auto control = http_gateway::open_socket(host, control_socket_path(host.state_path()));
  if (!control)
    logger()->warn("no control socket, the other commands will not reach this serve: {}", control.error());
  const std::string at = host.http_address().empty() ? "" : " on http://" + host.http_address();
  std::printf("holdfast: serving%s (store: %s, exchange: %s)\n", at.c_str(), config.uses_redis() ? "redis" : "embedded",
              exchange ? "simulated" : host_of(config.spot_urls.front()).c_str());
  std::fflush(stdout);
  wait_for_signal(signals);
  return exit_status::done;
}

exit_status run_simulate(const std::vector<std::string>& arguments) {
  simulated_exchange_options options;
  std::array<exchange_fault, market_count> faults{};
  for (const auto& argument : arguments) {
    const auto equals = argument.find('=');
    const auto name = argument.substr(0, equals);
    const auto value = equals == std::string::npos ? std::string{} : argument.substr(equals + 1);
    char* end = nullptr;
    const auto number = std::strtoull(value.c_str(), &end, 10);
    const bool is_number = !value.empty() && *end == '\0';
    if (name == "--port" && is_number && number < 65536)
      options.port = static_cast<std::uint16_t>(number);
    else if (name == "--seed" && is_number)
      options.seed = number;
    else if (const auto colon = value.find(':'); name == "--faults" && colon != std::string::npos
             && parse_market(value.substr(0, colon)) && parse_exchange_fault(value.substr(colon + 1)))
      faults[index(*parse_market(value.substr(0, colon)))] = *parse_exchange_fault(value.substr(colon + 1));
    else
      return refuse_usage("'" + argument + "' is not accepted; accepted: --port=N, --seed=N, --faults=MARKET:FAULT");
  }
  sigset_t signals;
  block_signals(signals);
  try {
    simulated_exchange exchange{options};
    for (const auto which : all_markets)
      exchange.set_fault(which, faults[index(which)]);
    std::printf("holdfast: simulating an exchange on %s\n", exchange.url().c_str());
    std::fflush(stdout);
    wait_for_signal(signals);
  } catch (const std::exception& failure) {
    return fail(failure.what());
  }
  return exit_status::done;
}

} // namespace holdfast::app

#include <cstdio>
#include <memory>
#include <optional>

#include <malloc.h>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "apps/holdfast/signals.hpp"
#include "apps/holdfast/simulation_options.hpp"
#include "engine/http_gateway.hpp"
#include "runtime/log.hpp"

namespace holdfast::app {

namespace {

// Without a name and a password that may be in it.
std::string host_of(const std::string& url) {
  const auto begin = url.find("://");
  const auto rest = begin == std::string::npos ? url : url.substr(begin + 3);
  return rest.substr(rest.find('@') + 1);
}

// By default glibc gives each of a dozen threads a heap of its own, and each grows to what was ever needed in it.
constexpr int heaps_max = 2;
// Bytes. Bodies of megabytes go back to the kernel after each fetch: glibc would raise its bound with each and keep them for good.
constexpr int large_block = 256 << 10;

// Null, with a warning, where the other commands will not reach this serve.
std::unique_ptr<http_gateway> open_control_socket(engine& host) {
  // Without a folder its name would be one in the root of the file system.
  auto control = host.state_path().empty() ? unexpected{std::string{"there is no state folder"}}
                                           : http_gateway::open_socket(host, control_socket_path(host.state_path()));
  if (control)
    return std::move(*control);
  logger()->warn("no control socket, the other commands will not reach this serve reason={}", log_value(control.error()));
  return nullptr;
}

} // namespace

exit_status run_serve(invocation& call) {
  if (!call.words.empty())
    return refuse_usage("serve takes no words, only options; '" + call.words.front() + "' is none");
  auto simulation = parse_simulation(call.simulation);
  if (!simulation)
    return refuse_usage(simulation.error());
  ::mallopt(M_ARENA_MAX, heaps_max);
  ::mallopt(M_MMAP_THRESHOLD, large_block);
  ::mallopt(M_TRIM_THRESHOLD, large_block);
  const termination_signals signals;
  auto& config = call.config;
  if (!config.given("http"))
    config.http = "127.0.0.1:8080";
  std::optional<simulated_exchange> exchange;
  if (call.simulate) {
    exchange.emplace(simulation->exchange);
    set_faults(*exchange, simulation->faults);
    config.spot_urls = config.futures_urls = {exchange->url()};
    config.exchange = "simulated";
  }
  // CAF's default policy polls for work: several percent of a core while nothing happens. This one sleeps.
  config.set("scheduler.policy", caf::atom("sharing"));
  caf::actor_system system{config};
  engine host{system};
  if (config.http != "off" && host.http_address().empty())
    return fail("cannot listen on " + config.http + "; choose another address with --http");
  const auto control = open_control_socket(host);
  const std::string at = host.http_address().empty() ? "" : " on http://" + host.http_address();
  std::printf("holdfast: serving%s (store: %s, exchange: %s)\n", at.c_str(), config.uses_redis() ? "redis" : "embedded",
              exchange ? "simulated" : host_of(config.spot_urls.front()).c_str());
  std::fflush(stdout);
  signals.wait();
  return exit_status::done;
}

} // namespace holdfast::app

// A host that has metrics and an exposer of its own: holdfast's metrics become part of the same page. Ends on SIGINT or SIGTERM.
#include <csignal>
#include <iostream>
#include <memory>

#include <caf/actor_system.hpp>
#include <holdfast/engine/engine.hpp>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

int main(int argc, char** argv) {
  // Before any thread is there, so that none of them gets these signals.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  holdfast::engine_config config;
  if (auto error = config.parse(argc, argv)) {
    std::cerr << error.text() << '\n';
    return 2;
  }
  caf::actor_system system{config};
  holdfast::engine engine{system};

  prometheus::Exposer exposer{"127.0.0.1:0"}; // a free port
  const auto registry = std::make_shared<prometheus::Registry>();
  auto& family = prometheus::BuildCounter().Name("host_orders_total").Help("Orders of the host.").Register(*registry);
  family.Add({}).Increment();
  exposer.RegisterCollectable(registry);
  // [register]
  exposer.RegisterCollectable(engine.metrics());
  // [register]
  std::cout << "metrics on http://127.0.0.1:" << exposer.GetListeningPorts().front() << "/metrics" << std::endl;

  int signal = 0;
  sigwait(&ends, &signal);
}

// A trading engine in small: one configuration of its own, several plain threads that make orders, check them against the
// exchange's rules before they would be sent, and count everything. Kill Redis while it runs, or the engine itself with
// SIGKILL, and start it again: nothing is lost.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <holdfast/engine/engine.hpp>

using namespace std::chrono_literals;

namespace {

std::atomic<bool> stopping{false};

// The host stays the owner: its options live beside holdfast's.
struct trading_config : holdfast::engine_config {
  int threads = 2;
  std::chrono::seconds length = 5s;
};

struct order {
  holdfast::decimal price;
  holdfast::decimal quantity;
};

// Some order near the symbol's grid; about half of them break a rule.
order make_order(const holdfast::symbol& symbol, std::mt19937& random) {
  const auto near = [&](const holdfast::rule_value& step, std::int64_t most) {
    auto value = step.value();
    value.units *= std::uniform_int_distribution<std::int64_t>{0, most}(random);
    return value;
  };
  return {near(symbol.tick_size, 10'000'000), near(symbol.step_size, 100'000)};
}

void trade(holdfast::engine& engine, unsigned seed) {
  std::mt19937 random{seed};
  auto spot = engine.symbols(holdfast::market::spot); // one view per thread
  const auto checked = engine.counter("metrics:orders:checked");
  const auto refused = engine.counter("metrics:orders:refused_by_rules");
  const auto sent = engine.counter("metrics:orders:sent");
  while (!stopping) {
    const auto listed = spot.listed();
    if (listed.empty()) {
      engine.symbols_sync(holdfast::market::spot, 1s);
      continue;
    }
    const auto& symbol = spot.symbols()[listed[random() % listed.size()]];
    const auto wanted = make_order(symbol, random);
    checked.incr();
    (symbol.check_order(wanted.price, wanted.quantity) == holdfast::broken_rule::none ? sent : refused).incr();
  }
}

} // namespace

int main(int argc, char** argv) {
  trading_config config;
  if (auto error = config.parse(argc, argv)) {
    std::cerr << error.text() << '\n';
    return 2;
  }
  std::signal(SIGINT, [](int) { stopping = true; });
  caf::actor_system system{config};
  holdfast::engine engine{system};
  std::vector<std::jthread> threads;
  for (int i = 0; i < config.threads; ++i)
    threads.emplace_back([&engine, i] { trade(engine, static_cast<unsigned>(i)); });

  const auto end = std::chrono::steady_clock::now() + config.length;
  while (!stopping && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(1s);
    const auto reading = engine.read("metrics:orders:checked");
    std::cout << "checked " << reading.value << (reading.source == holdfast::counter_source::ledger ? " (store away)" : "")
              << ", symbols " << (engine.symbols(holdfast::market::spot).stale() ? "stale" : "fresh") << std::endl;
  }
  stopping = true;
  threads.clear();
  std::cout << (engine.flush(2s) ? "everything is in the store\n" : "the rest is safe in the ledger\n");
}

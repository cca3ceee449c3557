// A trading engine in small. Plain threads make orders, check them against the rules, keep a limit, and hand them to a gateway,
// an actor of the host; a desk, another actor, tells once a second how it goes. Everything is counted. Try it:
//
//   example_trading_engine --redis-url=redis://127.0.0.1:6379 --trading.length=10min
//
// and meanwhile `kill -9` Redis, start it again, or kill this and start it again: no order waits, no count is lost.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <holdfast/engine/engine.hpp>

using namespace std::chrono_literals;

struct order {
  std::string symbol;
  holdfast::decimal price;
  holdfast::decimal quantity;
};

// The host's own messages come after holdfast's.
CAF_BEGIN_TYPE_ID_BLOCK(trading, caf::id_block::holdfast::end)
CAF_ADD_TYPE_ID(trading, (order))
CAF_END_TYPE_ID_BLOCK(trading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(order)

namespace {

std::atomic<bool> stopping{false};

// [configuration]
// The host stays the owner: its options live beside holdfast's, on the command line (--trading.threads=4) and in the file.
struct trading_config : holdfast::engine_config {
  std::uint32_t threads = 2;
  caf::timespan length = 5s;
  trading_config() {
    add_message_types<caf::id_block::trading>();
    opt_group{custom_options_, "trading"}
      .add(threads, "threads", "threads that make orders")
      .add(length, "length", "how long to trade");
  }
};
// [configuration]

// Orders on their way to the gateway: the host's own bound, so that no mailbox grows.
constexpr int most_in_flight = 1000;
std::atomic<int> in_flight{0};

// Where a real engine would talk to the exchange. One order in a thousand comes back refused for a rule.
caf::behavior gateway(caf::event_based_actor* self, holdfast::counter sent, holdfast::counter rejected, holdfast::cache_actor cache) {
  return {[self, sent, rejected, cache, number = 0](const order& one) mutable {
    --in_flight;
    sent.incr();
    if (++number % 1000 != 0)
      return;
    rejected.incr();
    self->send(cache, holdfast::rejection_reported{holdfast::market::spot, one.symbol}); // rules may have changed: look again
  }};
}

// Tells once a second how it goes, and never waits for anybody.
caf::behavior desk(caf::event_based_actor* self, const holdfast::counter_actor& counters, holdfast::symbols_view spot) {
  self->send(self, caf::tick_atom::value);
  return {[self, counters, spot](caf::tick_atom) mutable {
    self->delayed_send(self, 1s, caf::tick_atom::value);
    self->request(counters, 500ms, holdfast::read_counter{"metrics:orders:checked", holdfast::boot_clock::now() + 400ms})
      .then(
        [stale = spot.stale()](const holdfast::counter_reading& reading) {
          std::cout << "checked " << reading.value << (reading.source == holdfast::counter_source::ledger ? " (store away)" : "")
                    << ", symbols " << (stale ? "stale" : "fresh") << std::endl;
        },
        [](const caf::error& why) { std::cout << "no answer: " << holdfast::to_string(holdfast::fault_of(why)) << std::endl; });
  }};
}

// Some order near the symbol's grid; about half of them break a rule.
order make_order(const holdfast::symbol& symbol, std::mt19937& random) {
  const auto near = [&](const holdfast::rule_value& step, std::int64_t most) {
    auto value = step.value();
    value.units *= std::uniform_int_distribution<std::int64_t>{0, most}(random);
    return value;
  };
  return {std::string{symbol.name}, near(symbol.tick_size, 10'000'000), near(symbol.step_size, 100'000)};
}

// [order flow]
void trade(holdfast::engine& engine, const caf::actor& exchange, unsigned seed) {
  std::mt19937 random{seed};
  auto spot = engine.symbols(holdfast::market::spot); // one view per thread
  const auto checked = engine.counter("metrics:orders:checked");
  const auto refused = engine.counter("metrics:orders:refused_by_rules");
  const auto held_back = engine.counter("metrics:orders:held_back");
  // All engines on this Redis share it; from leases, which cost no round trip.
  auto limit = engine.limiter("rate_limit:trading_engine:orders", 10'000, 1s, {.mode = holdfast::rate_mode::leased});
  while (!stopping) {
    const auto listed = spot.listed();
    if (listed.empty()) {
      engine.symbols_sync(holdfast::market::spot, 1s); // nothing was ever known: wait for it, bounded
      continue;
    }
    const auto& symbol = spot.symbols()[listed[random() % listed.size()]];
    auto wanted = make_order(symbol, random);
    checked.incr();
    if (symbol.check_order(wanted.price, wanted.quantity) != holdfast::broken_rule::none) {
      refused.incr();
    } else if (!limit.try_acquire().allowed) {
      held_back.incr();
      std::this_thread::sleep_for(1ms);
    } else if (++in_flight > most_in_flight) {
      --in_flight;
      held_back.incr();
      std::this_thread::sleep_for(1ms);
    } else {
      caf::anon_send(exchange, std::move(wanted));
    }
  }
}
// [order flow]

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
  const auto exchange = system.spawn(gateway, engine.counter("metrics:orders:sent"), engine.counter("metrics:orders:rejected"), engine.cache());
  const auto teller = system.spawn(desk, engine.counters(), engine.symbols(holdfast::market::spot));
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < config.threads; ++i)
    threads.emplace_back([&engine, &exchange, i] { trade(engine, exchange, i); });

  const auto end = std::chrono::steady_clock::now() + config.length;
  while (!stopping && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(20ms);
  stopping = true;
  threads.clear();
  while (in_flight > 0)
    std::this_thread::sleep_for(1ms);
  caf::anon_send_exit(teller, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(exchange, caf::exit_reason::user_shutdown);
  std::cout << (engine.flush(2s) ? "everything is in the store\n" : "the rest is safe in the ledger\n");
}

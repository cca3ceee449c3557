// What an engine costs its host: how long it takes to start and to stop, the threads it adds, its descriptors and its memory,
// with no Redis and with one. The rival in the same run is an actor system without an engine.
#include <optional>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/engine.hpp"
#include "tests/support/process_traces.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

void actor_system_alone(benchmark::State& state) {
  for (auto _ : state) {
    engine_config config;
    config.set("scheduler.max-threads", std::size_t{2});
    caf::actor_system system{config};
    benchmark::DoNotOptimize(&system);
  }
}

// The exchange is in this process, too: what it answers with is not the engine's.
std::size_t threads_now() { return test::thread_count() - test::thread_count("MHD-connection"); }

void start_and_stop(benchmark::State& state, bool with_redis) {
  if (with_redis && !test::redis_server::installed())
    return state.SkipWithError("no redis-server");
  std::optional<test::redis_server> redis;
  if (with_redis)
    redis.emplace();
  test::temporary_folder folder;
  simulated_exchange exchange{{0, 1, 2000, 2000, {}}};
  engine_config config;
  config.set("scheduler.max-threads", std::size_t{2});
  config.state_dir = folder.file("state");
  config.spot_urls = config.futures_urls = {exchange.url()};
  if (redis)
    config.redis_url = redis->url();
  caf::actor_system system{config};
  const auto threads = threads_now();
  const auto files = test::entries_of("/proc/self/fd");
  const auto memory = test::status_kib("VmRSS");
  std::chrono::nanoseconds stopping{0};
  double added_threads = 0;
  double added_files = 0;
  double added_memory = 0;
  for (auto _ : state) {
    std::optional<engine> host{system};
    state.PauseTiming();
    for (const auto which : all_markets)
      host->symbols_sync(which, 5s);
    host->incr_sync("metrics:bench:embedding");
    // Later ones also show what the heaps of ended threads keep.
    if (added_threads == 0) {
      added_threads = static_cast<double>(threads_now()) - static_cast<double>(threads);
      added_files = static_cast<double>(test::entries_of("/proc/self/fd")) - static_cast<double>(files);
      added_memory = (static_cast<double>(test::status_kib("VmRSS")) - static_cast<double>(memory)) / 1024;
    }
    const auto began = boot_clock::now();
    host.reset();
    stopping += boot_clock::now() - began;
    state.ResumeTiming();
  }
  state.counters["threads"] = added_threads;
  state.counters["descriptors"] = added_files; // with the exchange's own ends of two connections
  state.counters["MiB"] = added_memory;        // with both tables of 2,000 symbols
  state.counters["stop_ms"] = std::chrono::duration<double, std::milli>{stopping}.count() / static_cast<double>(state.iterations());
}

BENCHMARK(actor_system_alone)->Unit(benchmark::kMillisecond)->Iterations(20);
BENCHMARK_CAPTURE(start_and_stop, embedded, false)->Unit(benchmark::kMillisecond)->Iterations(20);
BENCHMARK_CAPTURE(start_and_stop, redis, true)->Unit(benchmark::kMillisecond)->Iterations(20);

} // namespace

BENCHMARK_MAIN();

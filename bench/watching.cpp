// What being watched costs an engine: a scrape of /metrics and what an open dashboard asks, both once a second, by another
// process. Its processor time beside that of an engine at rest, and hot paths with and without watchers in one run.
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <sys/resource.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "bench/support/ratios.hpp"
#include "engine/engine.hpp"
#include "tests/support/runtime_child_process.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

constexpr int counters = 1000;
constexpr auto rest = 15s;

struct world {
  world() {
    config.state_dir = folder.file("state");
    config.redis_url = redis.url();
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.http = "127.0.0.1:0";
    config.set("scheduler.policy", caf::atom("sharing")); // as `serve` has it
    system.emplace(config);
    host.emplace(*system);
    for (int i = 0; i < counters; ++i)
      host->incr("metrics:watched:counter_" + std::to_string(i), i);
    host->symbols_sync(market::spot, 10s);
    host->flush(10s);
    hits = host->counter("metrics:watched:hits");
  }
  ~world() {
    host.reset();
    system.reset();
  }

  test::temporary_folder folder;
  test::redis_server redis;
  simulated_exchange exchange{simulated_exchange_options{}};
  engine_config config;
  std::optional<caf::actor_system> system;
  std::optional<engine> host;
  counter hits;
};

std::optional<world> here;

// Asks what Prometheus and the page ask, every second, until the end of the scope.
class watchers {
public:
  watchers() : process_{{"sh", "-c", "while :; do curl -s --compressed " + urls() + " >/dev/null; sleep 1; done"}} {}

private:
  static std::string urls() {
    const auto base = "http://" + here->host->http_address();
    std::string all = base + "/metrics " + base + "'/api/v1/status?events=100' " + base + "/api/v1/counters";
    for (const auto* key : {"cache_hit:symbols_spot", "cache_miss:symbols_spot", "cache_hit:symbols_futures", "cache_miss:symbols_futures"})
      all += ' ' + base + "'/api/v1/history/metrics:" + key + "?since=-300&step=10'";
    return all;
  }
  test::child_process process_;
};

std::chrono::microseconds processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) { return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec}; };
  return of(used.ru_utime) + of(used.ru_stime);
}

// In percent of one core.
double load_at_rest() {
  const auto before = processor_time();
  std::this_thread::sleep_for(rest);
  return 100 * std::chrono::duration<double>(processor_time() - before) / std::chrono::duration<double>(rest);
}

void count(benchmark::State& state, bool watched) {
  std::optional<watchers> others;
  if (watched)
    others.emplace();
  const auto hits = here->hits;
  for (auto _ : state) {
    hits.incr();
    benchmark::ClobberMemory();
  }
}
void incr_alone(benchmark::State& state) { count(state, false); }
void incr_watched(benchmark::State& state) { count(state, true); }
BENCHMARK(incr_alone);
BENCHMARK(incr_watched);

void find(benchmark::State& state, bool watched) {
  std::optional<watchers> others;
  if (watched)
    others.emplace();
  auto spot = here->host->symbols(market::spot);
  for (auto _ : state)
    benchmark::DoNotOptimize(spot.find("BTCUSDT"));
}
void find_alone(benchmark::State& state) { find(state, false); }
void find_watched(benchmark::State& state) { find(state, true); }
BENCHMARK(find_alone);
BENCHMARK(find_watched);

} // namespace

int main(int argc, char** argv) {
  if (!test::redis_server::installed()) {
    std::fprintf(stderr, "no redis-server\n");
    return 1;
  }
  here.emplace();
  const auto alone = load_at_rest();
  double watched = 0;
  {
    const watchers others;
    watched = load_at_rest();
  }
  std::printf("at rest: %.2f %% of a core; watched: %.2f %%; being watched costs %.2f %% (wanted: at most 1): %s\n", alone, watched,
              watched - alone, watched - alone <= 1 ? "met" : "MISSED");
  const auto best = bench::run_interleaved(argc, argv, "1.5");
  bench::print_ratios(best, {{"incr_watched", "incr_alone", 1.05}, {"find_watched", "find_alone", 1.05}});
  here.reset();
}

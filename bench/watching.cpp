// What being watched costs an engine that counts: a scrape of /metrics every second and all that an open dashboard
// asks, by another process. Its processor time beside that of an engine that nobody watches, and hot paths with and
// without watchers in one run. Exit status 1 where a bound is missed.
#include <chrono>
#include <cstdio>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

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

constexpr int counters = 1000; // each of them counts once a second
constexpr auto measured = 15s;

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
      moving.push_back(host->counter("metrics:watched:counter_" + std::to_string(i)));
    host->incr("metrics:feature_usage:watched", 1);
    host->symbols_sync(market::spot, 10s);
    host->flush(10s);
    hits = host->counter("metrics:watched:hits");
    counting = std::jthread{[this](const std::stop_token& over) {
      while (!over.stop_requested()) {
        for (const auto& one : moving)
          one.incr();
        std::this_thread::sleep_for(1s);
      }
    }};
  }
  ~world() {
    counting = {};
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
  std::vector<counter> moving;
  std::jthread counting;
};

std::optional<world> here;

// Asks what Prometheus and the page ask, until the end of the scope. The page: status and values every second, the
// features every five, the lines of its charts every ten, and the thirty small lines of its table every thirty.
class watchers {
public:
  watchers() : process_{{"sh", "-c", script()}} {}

private:
  static std::string script() {
    return "base=http://" + here->host->http_address() + R"sh(
      history=$base/api/v1/history/metrics:
      set -f
      i=0
      while :; do
        urls="$base/metrics $base/api/v1/status?events=100 $base/api/v1/counters"
        urls="$urls ${history}watched:counter_$((i % 30))?since=-3600&step=60"
        [ $((i % 5)) = 0 ] && urls="$urls $base/api/v1/features"
        [ $((i % 10)) = 0 ] && for key in hit:symbols_spot miss:symbols_spot hit:symbols_futures miss:symbols_futures; do
          urls="$urls ${history}cache_$key?since=-86400&step=220"
        done
        curl -sg --compressed $urls >/dev/null
        i=$((i + 1))
        sleep 1
      done)sh";
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
double load() {
  const auto before = processor_time();
  std::this_thread::sleep_for(measured);
  return 100 * std::chrono::duration<double>(processor_time() - before) / std::chrono::duration<double>(measured);
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
  const auto alone = load();
  double watched = 0;
  {
    const watchers others;
    watched = load();
  }
  const bool cheap = watched - alone <= 1;
  std::printf("figure: alone %.2f %% of a core, watched %.2f %%: being watched costs %.2f %% (wanted: at most 1): %s\n",
              alone, watched, watched - alone, cheap ? "met" : "MISSED");
  const auto best = bench::run_interleaved(argc, argv, "1.5");
  const bool met =
      bench::print_ratios(best, {{"incr_watched", "incr_alone", 1.05}, {"find_watched", "find_alone", 1.05}});
  here.reset();
  return cheap && met ? 0 : 1;
}

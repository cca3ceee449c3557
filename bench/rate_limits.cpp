// What a decision about a rate limit costs: exact ones, many at a time through the rate limiter and a real redis-server,
// against a fixed window as it is usually written, INCR and then EXPIRE as two round trips on hiredis; leased ones against
// an atomic counter that knows no window. The redis-server is in memory, over its unix socket.
#include <atomic>
#include <cstdio>
#include <memory>
#include <semaphore>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <hiredis.h>

#include "bench/support/ratios.hpp"
#include "engine/engine.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/runtime_wait.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

engine_config config_for(const std::string& url, const std::string& state) {
  engine_config config;
  config.redis_url = url;
  config.state_dir = state;
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
  config.http = "off";
  return config;
}

struct place {
  test::temporary_folder folder;
  test::redis_server redis{{.durable = false}};
  engine_config config = config_for(redis.url(), folder.file("state"));
  caf::actor_system system{config};
  engine front{system};
};
std::unique_ptr<place> here;

limiter_options exact() {
  limiter_options options;
  options.deadline = 10s;
  options.when_away = away_policy::closed;
  return options;
}

void fixed_window_by_incr_and_expire(benchmark::State& state) {
  const std::unique_ptr<redisContext, decltype(&redisFree)> link{redisConnectUnix(here->redis.socket().c_str()), redisFree};
  const auto run = [&](const char* command) {
    const std::unique_ptr<void, decltype(&freeReplyObject)> reply{redisCommand(link.get(), command), freeReplyObject};
    if (!reply)
      state.SkipWithError("no answer");
  };
  for (auto _ : state) {
    run("INCR fixed:user_123:api_calls");
    run("EXPIRE fixed:user_123:api_calls 60");
  }
}
BENCHMARK(fixed_window_by_incr_and_expire)->UseRealTime()->Unit(benchmark::kMicrosecond);

// Each iteration is one decision; up to 256 are under way, as with many callers or callbacks.
void exact_decisions(benchmark::State& state, std::int64_t limit, int subjects) {
  std::vector<limiter> limits;
  for (int i = 0; i < subjects; ++i)
    limits.push_back(here->front.limiter("rate_limit:user_" + std::to_string(i) + ":l" + std::to_string(limit), limit, 1h, exact()));
  std::counting_semaphore<256> under_way{256};
  std::atomic<std::int64_t> blind{0};
  std::size_t next = 0;
  for (auto _ : state) {
    under_way.acquire();
    limits[next++ % limits.size()].try_acquire_async(1, [&](rate_decision decision) {
      blind += decision.basis == rate_basis::blind ? 1 : 0;
      under_way.release();
    });
  }
  for (int i = 0; i < 256; ++i)
    under_way.acquire();
  if (blind > 0)
    state.SkipWithError("decided blindly");
}
void exact_of_one_limit(benchmark::State& state) { exact_decisions(state, 1'000'000'000, 1); }
BENCHMARK(exact_of_one_limit)->UseRealTime()->Unit(benchmark::kMicrosecond);
void exact_of_a_hundred_limits(benchmark::State& state) { exact_decisions(state, 1'000'000'000, 100); }
BENCHMARK(exact_of_a_hundred_limits)->UseRealTime()->Unit(benchmark::kMicrosecond);
// Rings as long as they get, hardly ever full: a thousand a millisecond.
void exact_by_admission_times(benchmark::State& state) {
  std::vector<limiter> limits;
  for (int i = 0; i < 100; ++i)
    limits.push_back(here->front.limiter("rate_limit:user_" + std::to_string(i) + ":ring", 1000, 1ms, exact()));
  std::counting_semaphore<256> under_way{256};
  std::size_t next = 0;
  for (auto _ : state) {
    under_way.acquire();
    limits[next++ % limits.size()].try_acquire_async(1, [&](rate_decision) { under_way.release(); });
  }
  for (int i = 0; i < 256; ++i)
    under_way.acquire();
}
BENCHMARK(exact_by_admission_times)->UseRealTime()->Unit(benchmark::kMicrosecond);

// One caller who waits for each answer: through the actors and back.
void exact_one_at_a_time(benchmark::State& state) {
  auto permits = here->front.limiter("rate_limit:user_123:waiting", 1'000'000'000, 1h, exact());
  for (auto _ : state)
    if (permits.try_acquire().basis != rate_basis::store)
      state.SkipWithError("decided blindly");
}
BENCHMARK(exact_one_at_a_time)->UseRealTime()->Unit(benchmark::kMicrosecond);

void leased(benchmark::State& state) {
  auto options = exact();
  options.mode = rate_mode::leased;
  options.lease_share = 16'000'000;
  options.lease_for = 10s;
  auto permits = here->front.limiter("rate_limit:user_123:leased", 1'000'000'000, 20s, options);
  std::int64_t refused = 0;
  for (auto _ : state)
    refused += permits.try_acquire().allowed ? 0 : 1;
  if (refused > 0)
    state.SkipWithError("refused");
}
BENCHMARK(leased);

// What every decision by threads that share a limit costs at least, and which knows no window.
void atomic_counter(benchmark::State& state) {
  std::atomic<std::int64_t> left{INT64_MAX};
  for (auto _ : state)
    benchmark::DoNotOptimize(left.fetch_sub(1, std::memory_order_relaxed));
}
BENCHMARK(atomic_counter);

} // namespace

int main(int argc, char** argv) {
  if (!test::redis_server::installed()) {
    std::printf("skipped: no redis-server\n");
    return 0;
  }
  here = std::make_unique<place>();
  if (!test::wait_until([] { return here->front.status().store.up; }))
    return 1;
  const auto best = bench::run_interleaved(argc, argv);
  bool met = bench::print_ratios(best, {{"exact_of_one_limit", "fixed_window_by_incr_and_expire", 1},
                                        {"exact_of_a_hundred_limits", "fixed_window_by_incr_and_expire", 1},
                                        {"exact_by_admission_times", "fixed_window_by_incr_and_expire", 1},
                                        {"leased", "atomic_counter", 4}});
  if (const auto lease = best.find("leased"); lease != best.end())
    std::printf("figure: a decision by a lease takes %.1f ns (wanted: at most 20): %s\n", lease->second,
                lease->second <= 20 ? "met" : (met = false, "MISSED"));
  here.reset();
  return met ? 0 : 1;
}

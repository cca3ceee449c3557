// What a merge of counters costs through the Redis store, alone and beside large values; against plain INCRBYs in one
// pipeline and against one link that carries everything. The real redis-server is in memory, over its unix socket.
#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support/ratios.hpp"
#include "tests/support/redis_store_host.hpp"
#include "tests/support/runtime_redis_server.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

constexpr std::size_t megabytes = 5u << 20;

struct place {
  test::redis_server redis{{.durable = false}};
  test::redis_store_host host{redis.url()};
  std::uint64_t merged = 0;     // of metrics:bench:one
  std::uint64_t all_merged = 0; // of each of the thousand
};
std::unique_ptr<place> here;

void merge_one(benchmark::State& state) {
  if (!here->host.merge("metrics:bench:one", here->merged++))
    state.SkipWithError("not merged");
}

void merge_alone(benchmark::State& state) {
  for (auto _ : state)
    merge_one(state);
}
BENCHMARK(merge_alone)->UseRealTime()->Unit(benchmark::kMicrosecond);

// Somebody else writes five megabytes after five megabytes meanwhile.
void merge_beside_large_values(benchmark::State& state) {
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    caf::scoped_actor self{here->host.system};
    while (!stop)
      self->request(here->host.store, caf::infinite, store_write{"cache:big", std::string(megabytes, 'x'), {}, here->host.soon()})
        .receive([](done) {}, [](const caf::error&) {});
  }};
  for (auto _ : state)
    merge_one(state);
  stop = true;
  writer.join();
}
BENCHMARK(merge_beside_large_values)->UseRealTime()->Unit(benchmark::kMicrosecond);

// The same on one link: what comes behind the large value waits for it.
void counter_behind_a_large_value_on_one_link(benchmark::State& state) {
  auto client = redis_client::connect(*redis_url::parse(here->redis.url()), boot_clock::now() + 5s);
  const std::vector<redis_command> commands{{"SET", "cache:big", std::string(megabytes, 'x')}, {"INCRBY", "plain", "1"}};
  for (auto _ : state)
    if (!(*client)->run(commands, boot_clock::now() + 5s))
      state.SkipWithError("no answer");
}
BENCHMARK(counter_behind_a_large_value_on_one_link)->UseRealTime()->Unit(benchmark::kMicrosecond);

void merge_of_a_thousand_counters(benchmark::State& state) {
  for (auto _ : state) {
    store_merge batch{{}, here->host.soon()};
    for (int i = 0; i < 1000; ++i)
      batch.rows.push_back(test::redis_store_host::row_of("metrics:bench:" + std::to_string(i), here->all_merged));
    ++here->all_merged;
    const auto reply = here->host.ask<store_merge_reply>(std::move(batch));
    if (!reply || reply->verdicts.back().outcome != merge_outcome::merged)
      state.SkipWithError("not merged");
  }
}
BENCHMARK(merge_of_a_thousand_counters)->UseRealTime()->Unit(benchmark::kMicrosecond);

void a_thousand_incrby_in_one_pipeline(benchmark::State& state) {
  auto client = redis_client::connect(*redis_url::parse(here->redis.url()), boot_clock::now() + 5s);
  for (auto _ : state) {
    std::vector<redis_command> commands;
    for (int i = 0; i < 1000; ++i)
      commands.push_back({"INCRBY", "plain:" + std::to_string(i), "1"});
    if (!(*client)->run(commands, boot_clock::now() + 5s))
      state.SkipWithError("no answer");
  }
}
BENCHMARK(a_thousand_incrby_in_one_pipeline)->UseRealTime()->Unit(benchmark::kMicrosecond);

} // namespace

int main(int argc, char** argv) {
  if (!test::redis_server::installed()) {
    std::printf("skipped: no redis-server\n");
    return 0;
  }
  here = std::make_unique<place>();
  if (!here->host.comes_up())
    return 1;
  const auto best = bench::run_interleaved(argc, argv);
  bool met = bench::print_ratios(best, {{"merge_beside_large_values", "counter_behind_a_large_value_on_one_link", 1},
                             {"merge_of_a_thousand_counters", "a_thousand_incrby_in_one_pipeline", 20}});
  if (const auto flush = best.find("merge_of_a_thousand_counters"); flush != best.end())
    std::printf("figure: a merge of a thousand counters takes %.1f ms (wanted: at most 15): %s\n", flush->second / 1000,
                flush->second <= 15'000 ? "met" : (met = false, "MISSED"));
  here.reset();
  return met ? 0 : 1;
}

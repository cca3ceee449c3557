// What it costs to bring 1,000 changed counters to a Redis on this machine exactly once, against sending 1,000 INCRBYs
// with hiredis, one pipeline of them or one by one, which counts twice or not at all where a reply is lost. And what an
// idle ledger costs at every tick, and how long a full one takes to be adopted.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <hiredis.h>
#include <unistd.h>

#include "actors/ledger_drain.hpp"
#include "bench/support/full_ledger.hpp"
#include "bench/support/ratios.hpp"
#include "engine/engine.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

constexpr int changed = 1000;

std::string key_of(int i) { return "metrics:flush:c" + std::to_string(i); }

// A server with a TCP port on the loopback interface, as fast as it can be.
test::redis_server& server() {
  static test::redis_server one{{.durable = false, .with_port = true}};
  return one;
}

engine_config config_in(const test::temporary_folder& folder) {
  engine_config config;
  config.redis_url = "redis://127.0.0.1:" + std::to_string(server().port());
  config.state_dir = folder.file("state");
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
  return config;
}

void flush_holdfast(benchmark::State& state) {
  test::temporary_folder folder;
  auto config = config_in(folder);
  config.flush_interval = 1h; // nothing but what is asked for
  caf::actor_system system{config};
  engine front{system};
  std::vector<holdfast::counter> handles;
  for (int i = 0; i < changed; ++i)
    handles.push_back(front.counter(key_of(i)));
  bool complete = true;
  const auto once = [&] {
    for (const auto& handle : handles)
      handle.incr();
    complete = front.flush(5s) && complete;
  };
  once(); // every record is joined
  for (auto _ : state)
    once();
  if (!complete)
    state.SkipWithError("not everything arrived");
}
BENCHMARK(flush_holdfast)->Unit(benchmark::kMillisecond)->UseRealTime();

using context_ptr = std::unique_ptr<redisContext, decltype(&redisFree)>;

context_ptr connect() {
  context_ptr context{redisConnect("127.0.0.1", server().port()), redisFree};
  if (!context || context->err)
    throw std::runtime_error{"no connection"};
  return context;
}

void incrby_pipelined(benchmark::State& state) {
  const auto context = connect();
  for (auto _ : state) {
    for (int i = 0; i < changed; ++i)
      redisAppendCommand(context.get(), "INCRBY %s 1", key_of(i).c_str());
    for (int i = 0; i < changed; ++i) {
      void* reply = nullptr;
      redisGetReply(context.get(), &reply);
      freeReplyObject(reply);
    }
  }
}
BENCHMARK(incrby_pipelined)->Unit(benchmark::kMillisecond)->UseRealTime();

void incrby_one_by_one(benchmark::State& state) {
  const auto context = connect();
  for (auto _ : state)
    for (int i = 0; i < changed; ++i)
      freeReplyObject(redisCommand(context.get(), "INCRBY %s 1", key_of(i).c_str()));
}
BENCHMARK(incrby_one_by_one)->Unit(benchmark::kMillisecond)->UseRealTime();

// With every stripe taken, so that every row is summed over all of them.
void idle_tick(benchmark::State& state) {
  const auto all = counter_ledger::anonymous(bench::full_rows);
  bench::fill(*all, 0);
  draining_ledger ledger{all->file()};
  std::size_t budget = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(ledger.next_batch({}, 256, budget));
}
BENCHMARK(idle_tick)->Unit(benchmark::kMicrosecond);

// From the start of an engine until everything that a dead process left is in the store and the file is gone: two rounds of
// 4,096 rows, most of it Redis's own time. (bench_counters has the taking over alone.)
void adopt_a_full_ledger(benchmark::State& state) {
  for (auto _ : state) {
    test::temporary_folder folder;
    auto config = config_in(folder);
    std::filesystem::create_directories(config.state_dir);
    std::filesystem::permissions(config.state_dir, std::filesystem::perms::owner_all);
    const auto left = bench::leave_full_ledger(config.state_dir + "/ledgers");
    server().ask({"FLUSHALL"});
    const auto begin = boot_clock::now();
    caf::actor_system system{config};
    engine front{system};
    while (::access(left.c_str(), F_OK) == 0 && boot_clock::now() - begin < 10s)
      std::this_thread::yield();
    state.SetIterationTime(std::chrono::duration<double>(boot_clock::now() - begin).count());
    if (server().get(bench::full_ledger_key(bench::full_rows - 1)) != "64")
      state.SkipWithError("not adopted");
  }
}
BENCHMARK(adopt_a_full_ledger)->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);

} // namespace

int main(int argc, char** argv) {
  if (!holdfast::test::redis_server::installed()) {
    std::fprintf(stderr, "no redis-server\n");
    return 1;
  }
  const auto best = holdfast::bench::run_interleaved(argc, argv);
  bool met = holdfast::bench::print_ratios(best, {{"flush_holdfast", "incrby_one_by_one", 1, true}});
  if (const auto found = best.find("flush_holdfast"); found != best.end())
    std::printf("flush_holdfast: %.2f ms (wanted: at most 15): %s\n", found->second,
                found->second <= 15 ? "met" : (met = false, "MISSED"));
  if (const auto found = best.find("adopt_a_full_ledger"); found != best.end())
    std::printf("adopt_a_full_ledger: %.2f ms from start to the last row in Redis\n", found->second);
  return met ? 0 : 1;
}

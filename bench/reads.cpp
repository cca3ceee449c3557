// What a read of the spot list costs: an actor that asks the cache against a Redis GET of the same list with parsing;
// symbols_sync on a fresh table; a scoped actor's request against an empty request to any actor.
#include <memory>
#include <optional>
#include <string>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <hiredis/hiredis.h>
#include <rapidjson/document.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "bench/support/ratios.hpp"
#include "engine/engine.hpp"
#include "tests/support/runtime_recordings.hpp"
#include "tests/support/runtime_redis_server.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

using echo_actor = caf::typed_actor<caf::replies_to<get_cache_status>::with<cache_status>>;

echo_actor::behavior_type echo(echo_actor::pointer) {
  return {[](const get_cache_status&) { return cache_status{}; }};
}

struct connection_deleter {
  void operator()(redisContext* context) const noexcept { redisFree(context); }
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};

simulated_exchange_options recorded_exchange() {
  simulated_exchange_options options;
  if (auto body = test::recording("spot_2022-09-22.json"))
    options.bodies[index(market::spot)] = std::move(*body);
  return options;
}

// One engine on a Redis of its own, with the recorded list loaded.
struct world {
  world() {
    config.state_dir = folder.file("state");
    config.redis_url = redis.url();
    config.spot_urls = config.futures_urls = {exchange.url()};
    config.spot_warmup_interval = config.futures_warmup_interval = 0ns;
    config.spot_ttl = 1h;
    system.emplace(config);
    host.emplace(*system);
    host->symbols_sync(market::spot);
    while (redis.get("cache:symbols:spot:v1").empty()) {
    }
    any = system->spawn(echo);
  }
  ~world() {
    any = nullptr;
    host.reset();
    system.reset();
  }

  test::temporary_folder folder;
  test::redis_server redis;
  simulated_exchange exchange{recorded_exchange()};
  engine_config config;
  std::optional<caf::actor_system> system;
  std::optional<engine> host;
  echo_actor any;
};

std::optional<world> here;

// Sends the next question when the last one is answered, `left` times.
template <class Actor, class Question>
void ask_on(caf::event_based_actor* self, const Actor& whom, const Question& question, std::size_t left,
            const caf::actor& whoever_waits) {
  if (left == 0) {
    self->send(whoever_waits, true);
    self->quit();
    return;
  }
  self->request(whom, 1s, question).then([=](const symbols_reply& reply) {
    benchmark::DoNotOptimize(reply.table.get());
    ask_on(self, whom, question, left - 1, whoever_waits);
  });
}

void cache_hit_by_an_actor(benchmark::State& state) {
  constexpr std::size_t questions = 2000;
  caf::scoped_actor self{*here->system};
  while (state.KeepRunningBatch(questions)) {
    here->system->spawn([waiting = caf::actor{self}, cache = here->host->cache()](caf::event_based_actor* asker) {
      ask_on(asker, cache, get_symbols{market::spot, {}}, questions, waiting);
    });
    self->receive([](bool) {});
  }
}
BENCHMARK(cache_hit_by_an_actor)->UseRealTime()->Unit(benchmark::kMicrosecond);

void redis_get_and_parse(benchmark::State& state) {
  const std::unique_ptr<redisContext, connection_deleter> link{redisConnectUnix(here->redis.socket().c_str())};
  for (auto _ : state) {
    const std::unique_ptr<redisReply, connection_deleter> reply{
      static_cast<redisReply*>(redisCommand(link.get(), "GET cache:symbols:spot:v1"))};
    rapidjson::Document list;
    list.Parse(reply->str, reply->len);
    benchmark::DoNotOptimize(list.Size());
  }
}
BENCHMARK(redis_get_and_parse)->UseRealTime()->Unit(benchmark::kMicrosecond);

void symbols_sync_on_a_fresh_table(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(here->host->symbols_sync(market::spot).table.get());
}
BENCHMARK(symbols_sync_on_a_fresh_table)->UseRealTime();

void scoped_request_to_the_cache(benchmark::State& state) {
  caf::scoped_actor self{*here->system};
  const auto cache = here->host->cache();
  for (auto _ : state)
    self->request(cache, 1s, get_symbols{market::spot, {}})
      .receive([](const symbols_reply& reply) { benchmark::DoNotOptimize(reply.table.get()); }, [](const caf::error&) {});
}
BENCHMARK(scoped_request_to_the_cache)->UseRealTime()->Unit(benchmark::kMicrosecond);

void scoped_request_to_any_actor(benchmark::State& state) {
  caf::scoped_actor self{*here->system};
  for (auto _ : state)
    self->request(here->any, 1s, get_cache_status{}).receive([](const cache_status&) {}, [](const caf::error&) {});
}
BENCHMARK(scoped_request_to_any_actor)->UseRealTime()->Unit(benchmark::kMicrosecond);

} // namespace

int main(int argc, char** argv) {
  here.emplace();
  std::printf("spot list: %zu symbols, %zu bytes\n", here->host->symbols_sync(market::spot).table->listed().size(),
              here->host->symbols_sync(market::spot).table->list_json().size());
  const auto best = bench::run_interleaved(argc, argv);
  bool met = bench::print_ratios(best, {{"cache_hit_by_an_actor", "redis_get_and_parse", 20, true},
                             {"scoped_request_to_the_cache", "scoped_request_to_any_actor", 1.3}});
  if (const auto sync = best.find("symbols_sync_on_a_fresh_table"); sync != best.end())
    std::printf("figure: symbols_sync on a fresh table takes %.0f ns (wanted: at most 1000): %s\n", sync->second,
                sync->second <= 1000 ? "met" : (met = false, "MISSED"));
  here.reset();
  return met ? 0 : 1;
}

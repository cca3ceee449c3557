// What being watched costs: one scrape of 10,000 series against the same number of gauges in a prometheus-cpp registry,
// both as text. Exit status 1 where it takes longer than those, or than 20 ms.
#include <benchmark/benchmark.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "bench/support/ratios.hpp"
#include "engine/metrics.hpp"

namespace {

using namespace holdfast;

constexpr int series = 10'000;

std::string context_of(int i) { return "user_" + std::to_string(i) + "_strategy"; }

metrics make_metrics() {
  auto made = std::make_shared<engine_snapshot>();
  for (const auto which : all_markets)
    made->markets[index(which)].published = std::make_shared<published_symbols>();
  auto readings = std::make_shared<counter_readings>();
  for (int i = 0; i < series; ++i) {
    counter_reading one;
    one.key = "metrics:feature_usage:" + context_of(i);
    one.value = i * 7919;
    readings->readings.push_back(one);
  }
  made->values = readings;
  auto snapshots = std::make_shared<snapshot_holder>();
  snapshots->replace(made);
  return {snapshots, std::make_shared<telemetry>(), system_clocks()};
}

void scrape_holdfast(benchmark::State& state) {
  const auto all = make_metrics();
  std::size_t bytes = 0;
  for (auto _ : state)
    bytes = all.text().size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(scrape_holdfast)->Unit(benchmark::kMillisecond);

void collect_holdfast(benchmark::State& state) {
  const auto all = make_metrics();
  for (auto _ : state)
    benchmark::DoNotOptimize(all.Collect());
}
BENCHMARK(collect_holdfast)->Unit(benchmark::kMillisecond);

void scrape_registry(benchmark::State& state) {
  prometheus::Registry registry;
  auto& family = prometheus::BuildGauge().Name("holdfast_store_value").Help("Counters shared in the store.").Register(registry);
  for (int i = 0; i < series; ++i)
    family.Add({{"type", "feature_usage"}, {"context", context_of(i)}}).Set(i * 7919);
  const prometheus::TextSerializer serializer;
  for (auto _ : state)
    benchmark::DoNotOptimize(serializer.Serialize(registry.Collect()));
}
BENCHMARK(scrape_registry)->Unit(benchmark::kMillisecond);

} // namespace

int main(int argc, char** argv) {
  const auto best = bench::run_interleaved(argc, argv);
  const bool fast_enough = bench::print_bounds(best, {{"scrape_holdfast", 20, "ms"}});
  return bench::print_ratios(best, {{"scrape_holdfast", "scrape_registry", 1}}) && fast_enough ? 0 : 1;
}

// Runs the registered benchmarks interleaved, prints them as Google Benchmark does, then the ratios that were asked for
// in plain text. Figures are the best of all repetitions: what disturbs a run only ever makes it slower.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

namespace holdfast::bench {

// "`what` takes at most (or, for `at_least`, at least) `limit` times what `rival` takes".
struct ratio {
  std::string what;
  std::string rival;
  double limit;
  bool at_least = false; // the rival takes at least `limit` times as long
};

class best_times : public benchmark::ConsoleReporter {
public:
  best_times() : ConsoleReporter{OO_None} {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs) {
      if (run.error_occurred || run.run_type != Run::RT_Iteration)
        continue;
      // What waits for others (UseRealTime, UseManualTime) is timed by the wall.
      const auto time = run.run_name.time_type.empty() ? run.GetAdjustedCPUTime() : run.GetAdjustedRealTime();
      const auto [known, fresh] = best.try_emplace(run.run_name.function_name, time);
      // Of several threads the repetition tells in which they ran at once more than in any other, so that whatever they
      // contend for was contended for.
      const auto overlap = run.threads > 1 ? run.GetAdjustedCPUTime() / run.GetAdjustedRealTime() : 0;
      auto& most = most_overlap[run.run_name.function_name];
      if (!fresh)
        known->second = run.threads > 1 ? (overlap > most ? time : known->second) : std::min(known->second, time);
      most = std::max(most, overlap);
    }
  }

  std::map<std::string, double> best; // by name, in the benchmark's own unit

private:
  std::map<std::string, double> most_overlap;
};

// True: all are met.
inline bool print_ratios(const std::map<std::string, double>& best, const std::vector<ratio>& wanted) {
  bool all_met = true;
  for (const auto& one : wanted) {
    const auto what = best.find(one.what);
    const auto rival = best.find(one.rival);
    if (what == best.end() || rival == best.end())
      continue;
    const double factor = one.at_least ? rival->second / what->second : what->second / rival->second;
    const bool met = one.at_least ? factor >= one.limit : factor <= one.limit;
    all_met = all_met && met;
    if (one.at_least)
      std::printf("ratio: %s is %.2f times faster than %s (wanted: at least %.2f): %s\n", one.what.c_str(), factor,
                  one.rival.c_str(), one.limit, met ? "met" : "MISSED");
    else
      std::printf("ratio: %s takes %.2f times what %s takes (wanted: at most %.2f): %s\n", one.what.c_str(), factor,
                  one.rival.c_str(), one.limit, met ? "met" : "MISSED");
  }
  return all_met;
}

// "`what` takes at most `limit` of its own unit".
struct bound {
  std::string what;
  double limit;
  const char* unit;
};

// True: all are met.
inline bool print_bounds(const std::map<std::string, double>& best, const std::vector<bound>& wanted) {
  bool all_met = true;
  for (const auto& one : wanted) {
    const auto what = best.find(one.what);
    if (what == best.end())
      continue;
    const bool met = what->second <= one.limit;
    all_met = all_met && met;
    std::printf("bound: %s takes %.2f %s (wanted: at most %.2f): %s\n", one.what.c_str(), what->second, one.unit, one.limit,
                met ? "met" : "MISSED");
  }
  return all_met;
}

// Runs everything that is registered, interleaved, several times, each for `seconds` or more; arguments given by hand win.
inline std::map<std::string, double> run_interleaved(int argc, char** argv, const std::string& seconds = "0.1") {
  std::vector<std::string> words{argv[0], "--benchmark_enable_random_interleaving=true", "--benchmark_repetitions=7",
                                 "--benchmark_min_time=" + seconds};
  words.insert(words.end(), argv + 1, argv + argc);
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  best_times reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return reporter.best;
}

} // namespace holdfast::bench

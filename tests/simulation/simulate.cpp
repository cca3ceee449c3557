// Runs simulations from seeds: `simulate --seed N [--steps M] [--story]` one, exactly as before; `simulate --seeds A..B [--jobs J]`
// many. Ends with 1 at the first invariant that does not hold, and prints the seed and the last events; with --all it goes on to
// the last seed and prints one line for each that fails. With --find the other way round: 0 as soon as one is found, for
// planted bugs (--plant NAME).
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simulation/world.hpp"

namespace {

using namespace holdfast::simulation;

struct arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  run_settings run;
  unsigned jobs = 0;
  bool finds = false;
  bool goes_on = false;
};

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

bool take_seeds(arguments& given, std::string_view text) {
  const auto dots = text.find("..");
  const auto first = number_in(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : number_in(text.substr(dots + 2));
  if (!first || !last || *last < *first)
    return false;
  given.first = *first;
  given.last = *last;
  return true;
}

std::optional<arguments> read_arguments(const std::vector<std::string_view>& words) {
  arguments given;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto word = words[i];
    if (word == "--story" || word == "--find" || word == "--all") {
      (word == "--story" ? given.run.keeps_story : word == "--find" ? given.finds : given.goes_on) = true;
      continue;
    }
    if (i + 1 >= words.size())
      return std::nullopt;
    const auto value = words[++i];
    const auto number = number_in(value);
    const auto bug = planted_bug_of(value);
    if ((word == "--seed" || word == "--seeds") && take_seeds(given, value))
      continue;
    else if (word == "--steps" && number)
      given.run.steps = static_cast<int>(*number);
    else if (word == "--jobs" && number)
      given.jobs = static_cast<unsigned>(*number);
    else if (word == "--plant" && bug)
      given.run.bug = *bug;
    else
      return std::nullopt;
  }
  return given;
}

// Shared by all workers: what was found, and how far they are.
struct progress {
  std::uint64_t runs;
  std::uint64_t turns;
  std::uint64_t simulated_seconds;
  std::uint64_t calls;
  std::uint64_t found_seed;
  std::uint64_t found;
  std::uint64_t at[64];
};

void tell(const arguments& given, std::uint64_t seed, const run_result& result) {
  std::string text = result.violation.empty() && !given.run.keeps_story ? std::string{} : result.story;
  if (!result.violation.empty())
    text += "seed " + std::to_string(seed) + " violates: " + result.violation + "\nreplay: scripts/simulate --seed " + std::to_string(seed)
            + " --steps " + std::to_string(given.run.steps) + " --story\n";
  std::fputs(text.c_str(), stderr);
}

void work(const arguments& given, unsigned worker, unsigned workers, progress& shared) {
  for (auto seed = given.first + worker; seed <= given.last && (given.goes_on || shared.found == 0); seed += workers) {
    shared.at[worker] = seed;
    auto run = given.run;
    run.seed = seed;
    const auto result = simulate(run);
    __atomic_add_fetch(&shared.runs, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&shared.turns, result.turns, __ATOMIC_RELAXED);
    __atomic_add_fetch(&shared.calls, result.calls, __ATOMIC_RELAXED);
    __atomic_add_fetch(&shared.simulated_seconds, static_cast<std::uint64_t>(result.simulated / std::chrono::seconds{1}), __ATOMIC_RELAXED);
    if (given.first == given.last)
      std::printf("seed %llu hash %016llx\n", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(result.hash));
    if (!result.violation.empty() && (__atomic_fetch_add(&shared.found, 1, __ATOMIC_RELAXED) == 0 || given.goes_on)) {
      shared.found_seed = seed;
      if (given.goes_on)
        std::fprintf(stderr, "seed %llu violates: %s\n", static_cast<unsigned long long>(seed), result.violation.c_str());
      else
        tell(given, seed, result);
    } else if (given.run.keeps_story) {
      tell(given, seed, result);
    }
  }
  std::fflush(nullptr);
}

// A worker that dies tells of a bug, too.
bool all_ended_well(const std::vector<pid_t>& workers, const progress& shared) {
  bool well = true;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    int status = 0;
    if (::waitpid(workers[i], &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      std::fprintf(stderr, "the run of seed %llu ended with status %d\n", static_cast<unsigned long long>(shared.at[i]), status);
      well = false;
    }
  }
  return well;
}

int run(const arguments& given) {
  void* memory = ::mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 2;
  auto& shared = *new (memory) progress{};
  const auto began = std::chrono::steady_clock::now();
  auto workers = given.jobs != 0 ? given.jobs : std::max(1u, std::thread::hardware_concurrency());
  workers = static_cast<unsigned>(std::min<std::uint64_t>({workers, 64, given.last - given.first + 1}));
  std::vector<pid_t> children;
  for (unsigned worker = 0; worker < workers; ++worker) {
    const auto child = ::fork();
    if (child < 0)
      return 2;
    if (child == 0) {
      work(given, worker, workers, shared);
      ::_exit(0);
    }
    children.push_back(child);
  }
  const bool well = all_ended_well(children, shared);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%llu runs of %d steps in %.1f s with %u processes: %.1f runs a second, %llu turns of actors, %llu s simulated, %llu calls\n",
              static_cast<unsigned long long>(shared.runs), given.run.steps, took.count(), workers,
              static_cast<double>(shared.runs) / took.count(), static_cast<unsigned long long>(shared.turns),
              static_cast<unsigned long long>(shared.simulated_seconds), static_cast<unsigned long long>(shared.calls));
  const bool found = shared.found != 0;
  if (found)
    std::printf("seed %llu found something, %llu of them did\n", static_cast<unsigned long long>(shared.found_seed),
                static_cast<unsigned long long>(shared.found));
  if (given.finds)
    return found && well ? 0 : 1;
  return found || !well ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  const auto given = read_arguments({argv + 1, argv + argc});
  if (!given) {
    std::fputs("usage: simulate --seed N | --seeds A..B [--steps M] [--jobs J] [--all] [--story] [--plant BUG] [--find]\n", stderr);
    return 2;
  }
  // What CAF says of actors that end by an exception.
  std::cout.setstate(std::ios::failbit);
  spdlog::register_logger(std::make_shared<spdlog::logger>("holdfast", std::make_shared<spdlog::sinks::null_sink_mt>()));
  spdlog::get("holdfast")->set_level(spdlog::level::off);
  return run(*given);
}

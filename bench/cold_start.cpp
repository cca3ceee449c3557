// The first answer of a new process while Redis, network and exchange are dead: from fork to a symbol found in the list
// that an earlier process left in the state folder. The program starts itself again as that new process.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "engine/engine.hpp"
#include "tests/support/runtime_recordings.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

extern char** environ;

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

constexpr int runs = 25;

// On the boot clock, which all processes share.
struct moments {
  boot_time main_begun;
  boot_time system_made;
  boot_time engine_made;
  boot_time found; // by a view
  boot_time told;  // by symbols_sync
  bool right = false;
};

void configure(engine_config& config, const std::string& state) {
  config.state_dir = state;
  config.log_level = "off";
}

// The new process: everything but its state folder is dead.
int answer_once(const std::string& state) {
  moments seen;
  seen.main_begun = boot_clock::now();
  engine_config config;
  configure(config, state);
  config.redis_url = "unix:///nonexistent/redis.sock";
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  caf::actor_system system{config};
  seen.system_made = boot_clock::now();
  engine host{system};
  seen.engine_made = boot_clock::now();
  auto view = host.symbols(market::spot);
  const auto* one = view.find("BTCUSDT");
  seen.found = boot_clock::now();
  const auto reply = host.symbols_sync(market::spot);
  seen.told = boot_clock::now();
  seen.right = one && view.stale() && view.age() && reply.table && reply.stale && reply.age;
  const bool written = ::write(STDOUT_FILENO, &seen, sizeof seen) == static_cast<ssize_t>(sizeof seen);
  return written ? 0 : 1;
}

// As a process leaves it that had everything.
bool fill(const std::string& state) {
  simulated_exchange_options options;
  const std::array<const char*, market_count> recordings{"spot_2022-09-22.json", "futures_2025-08-22.json"};
  for (const auto which : all_markets)
    if (auto body = test::recording(recordings[index(which)]))
      options.bodies[index(which)] = std::move(*body);
  simulated_exchange exchange{options};
  engine_config config;
  configure(config, state);
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1", exchange.url()};
  caf::actor_system system{config};
  engine host{system};
  bool complete = true;
  for (const auto which : all_markets)
    complete = host.symbols_sync(which, 5s).table != nullptr && complete;
  return complete && host.flush(2s);
}

std::optional<moments> run_once(const char* program, const std::string& state, boot_time& forked) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name{program};
  std::string mode{"--answer-once"};
  std::string folder{state};
  std::array<char*, 4> words{name.data(), mode.data(), folder.data(), nullptr};
  pid_t process = -1;
  forked = boot_clock::now();
  const bool started = ::posix_spawn(&process, program, &actions, nullptr, words.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  moments seen;
  const bool read = started && ::read(ends[0], &seen, sizeof seen) == static_cast<ssize_t>(sizeof seen);
  ::close(ends[0]);
  if (started)
    ::waitpid(process, nullptr, 0);
  return read && seen.right ? std::optional{seen} : std::nullopt;
}

double in_ms(std::chrono::nanoseconds length) { return std::chrono::duration<double, std::milli>{length}.count(); }

struct figure {
  const char* what;
  std::vector<double> values;
  double at(double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  }
};

int measure(const char* program) {
  const test::temporary_folder folder;
  const auto state = folder.file("state");
  if (!fill(state)) {
    std::fprintf(stderr, "the state folder could not be filled\n");
    return 1;
  }
  std::array<figure, 5> figures{{{"fork and exec until main", {}}, {"CAF's actor system", {}}, {"the engine", {}},
                                 {"first answer of a view since the fork", {}}, {"first answer of symbols_sync since the fork", {}}}};
  for (int i = 0; i < runs; ++i) {
    boot_time forked;
    const auto seen = run_once(program, state, forked);
    if (!seen) {
      std::fprintf(stderr, "a new process did not answer from its state folder\n");
      return 1;
    }
    const std::array<std::chrono::nanoseconds, 5> taken{seen->main_begun - forked, seen->system_made - seen->main_begun,
                                                        seen->engine_made - seen->system_made, seen->found - forked, seen->told - forked};
    for (std::size_t k = 0; k < figures.size(); ++k)
      figures[k].values.push_back(in_ms(taken[k]));
  }
  for (auto& one : figures)
    std::printf("%-46s best %7.2f ms, median %7.2f ms, slowest %7.2f ms\n", one.what, one.at(0), one.at(0.5), one.at(1));
  auto& first = figures[3];
  std::printf("figure: %s takes %.2f ms (wanted: at most 15): %s\n", first.what, first.at(0.5), first.at(0.5) <= 15 ? "met" : "MISSED");
  std::printf("symbols_sync asks the exchange first, since that list is stale: it waits until a library is loaded and nobody is found\n");
  return first.at(0.5) <= 15 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--answer-once") == 0)
    return answer_once(argv[2]);
  return measure("/proc/self/exe");
}

#define CAF_SUITE few_threads

#include <cstdlib>

#include <unistd.h>

#include "apps/holdfast/simulated_exchange.hpp"
#include "tests/support/program_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

// A user of whom nothing else runs: the kernel counts threads by user, and root's without a limit.
constexpr uid_t stranger = 64'977;

std::vector<std::string> as_stranger(int threads, std::vector<std::string> command) {
  const auto user = std::to_string(stranger);
  std::vector<std::string> words{"--reuid=" + user, "--regid=" + user, "--clear-groups", "prlimit",
                                 "--nproc=" + std::to_string(threads), HOLDFAST_PROGRAM};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

constexpr auto ready = "holdfast: serving";

// An end takes at most 3 s; the rest is what a slow machine may add.
constexpr auto longest_end = 4500ms;

// Only root may become somebody else, who must be let in to the program.
bool can_be_tried() {
  program_process process{"/usr/bin/setpriv", as_stranger(20, {"--version"})};
  return ::geteuid() == 0 && process.read_to_the_end().starts_with("holdfast") && process.wait() == 0;
}

} // namespace

CAF_TEST(where the machine gives no more threads it serves with those it has and ends cleanly) {
  if (!can_be_tried()) {
    CAF_MESSAGE("skipped: not root, or the program is out of others' reach");
    return;
  }
  simulated_exchange exchange{{0, 1, 300, 60, {}}};
  bool was_short = false;
  for (const auto* store : {"--store=embedded", "--redis-url=redis://127.0.0.1:1"}) {
    // CAF's own are six.
    for (const int threads : {8, 9, 10, 12, 14}) {
      CAF_MESSAGE(store << " with " << threads << " threads");
      const temporary_folder folder;
      CAF_REQUIRE_EQUAL(::chown(folder.path().c_str(), stranger, stranger), 0);
      ::setenv("HOLDFAST_STATE_DIR", folder.file("state").c_str(), 1);
      program_process process{"/usr/bin/setpriv", as_stranger(threads, {"serve", "--http=off", store, "--spot-urls=" + exchange.url(),
                                                                        "--futures-urls=" + exchange.url()})};
      const auto printed = process.read_until(ready);
      CAF_REQUIRE(printed.find(ready) != std::string::npos);
      was_short = was_short || printed.find("an actor has no thread of its own") != std::string::npos;
      const auto begin = boot_clock::now();
      process.send(SIGTERM);
      CAF_CHECK_EQUAL(process.wait(), 0);
      CAF_CHECK(boot_clock::now() - begin < longest_end);
    }
  }
  CAF_CHECK(was_short);
}

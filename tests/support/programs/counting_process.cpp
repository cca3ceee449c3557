// counting_process REDIS-URL STATE-DIR TALLY: counts until it is killed.
#include <thread>

#include <caf/actor_system.hpp>
#include <poll.h>

#include "tests/support/counting_process.hpp"

using namespace holdfast;

namespace {

[[noreturn]] void count(engine& front, test::counting_tally& tally, unsigned thread) {
  std::vector<counter> handles;
  for (unsigned key = 0; key < test::counting_keys; ++key)
    handles.push_back(front.counter(test::counting_key(key)));
  for (std::uint64_t i = 0;; ++i) {
    auto& cell = tally.cells[thread][i % test::counting_keys];
    cell.begun.fetch_add(1);
    handles[i % test::counting_keys].incr();
    cell.finished.fetch_add(1);
    if (i % 500 == 0)
      ::poll(nullptr, 0, 1);
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4)
    return 2;
  const test::shared_tally tally{argv[3]};
  engine_config config;
  test::prepare_counting(config, argv[1], argv[2]);
  caf::actor_system system{config};
  engine front{system};
  tally->running.fetch_add(1);
  for (unsigned thread = 1; thread < test::counting_threads; ++thread)
    std::thread{[&, thread] { count(front, *tally, thread); }}.detach();
  count(front, *tally, 0);
}

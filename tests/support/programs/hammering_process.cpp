// hammering_process REDIS-URL FOLDER KEY LIMIT WINDOW-MS exact|smooth|leased RUN-MS; see hammering_process.hpp.
#include <algorithm>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <poll.h>

#include "engine/engine.hpp"
#include "tests/support/counting_process.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

using moments = std::vector<std::pair<boot_time, boot_time>>;

void hammer(limiter permits, boot_time end, moments& admitted) {
  for (auto asked = boot_clock::now(); asked < end; asked = boot_clock::now()) {
    const auto decision = permits.try_acquire();
    const auto wait = std::clamp<std::chrono::nanoseconds>(decision.retry_after, 0ns, 3ms);
    if (decision.allowed)
      admitted.emplace_back(asked, boot_clock::now());
    else
      ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
  }
}

limiter_options options_of(const std::string& mode) {
  limiter_options options;
  options.mode = mode == "leased" ? rate_mode::leased : rate_mode::exact;
  options.algorithm = mode == "smooth" ? rate_algorithm::smooth : rate_algorithm::rolling;
  options.when_away = away_policy::closed; // what it admits, the store admitted
  options.deadline = 10s;
  return options;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 8)
    return 2;
  const std::string folder{argv[2]};
  engine_config config;
  test::prepare_counting(config, argv[1], folder);
  config.redis_connect_timeout = config.redis_command_timeout = 10s;
  caf::actor_system system{config};
  engine front{system};
  auto permits = front.limiter(argv[3], std::stoll(argv[4]), std::chrono::milliseconds{std::stoll(argv[5])}, options_of(argv[6]));
  const auto end = boot_clock::now() + std::chrono::milliseconds{std::stoll(argv[7])};
  moments admitted[2];
  std::thread other{hammer, permits, end, std::ref(admitted[1])};
  hammer(permits, end, admitted[0]);
  other.join();
  std::ofstream file{folder + "/admissions"};
  for (const auto& of_one : admitted)
    for (const auto& [asked, answered] : of_one)
      file << asked.time_since_epoch().count() << ' ' << answered.time_since_epoch().count() << '\n';
  return permits && file.flush() ? 0 : 1;
}

#include "apps/holdfast/command.hpp"

#include <cstdio>

#include "runtime/printable.hpp"
#include "runtime/state_folder.hpp"

namespace holdfast::app {

namespace {

// One line, whatever was typed into it.
void say(std::string_view why) { std::fprintf(stderr, "holdfast: %s\n", printable(why, 2000).c_str()); }

engine_config& for_one_question(engine_config& config) {
  config.http = "off";
  config.history_fine = config.history_minutes = config.history_hours = std::chrono::nanoseconds{0};
  config.spot_warmup_interval = config.futures_warmup_interval = std::chrono::nanoseconds{0};
  return config;
}

} // namespace

exit_status fail(std::string_view why) {
  say(why);
  return exit_status::failed;
}

exit_status refuse_usage(std::string_view why) {
  say(why);
  return exit_status::usage;
}

exit_status fail_without_store() {
  return fail("the store cannot be reached, so nothing is known of its counters; look with holdfast doctor");
}

std::optional<std::string> why_no_counters(const engine_config& config) {
  const auto problem = config.uses_redis() ? std::string{} : state_folder::open(config.state_dir).problem;
  if (problem.empty())
    return std::nullopt;
  return "the state folder cannot be used, so nothing is known of its counters: " + problem + "; give --state-dir or --redis-url";
}

std::string state_path_of(const engine_config& config) { return state_folder::open(config.state_dir).path; }

short_engine::short_engine(engine_config& config) : system_{for_one_question(config)}, engine_{system_} {}

} // namespace holdfast::app

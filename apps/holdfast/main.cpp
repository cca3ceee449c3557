#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/version.hpp>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/command_table.hpp"
#include "apps/holdfast/documents/documents.hpp"
#include "runtime/log.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::app;

// Takes a flag out of the arguments.
bool take(std::vector<std::string>& arguments, const std::string& flag) {
  return std::erase(arguments, flag) > 0;
}

// Takes the options that this command alone knows, as "--name" and "--name=value".
std::vector<std::string> take_own(std::vector<std::string>& arguments, const command_entry& command) {
  std::vector<std::string> taken;
  for (auto at = arguments.begin(); at != arguments.end();) {
    const auto name = at->substr(0, at->find('='));
    const auto option = std::find_if(command.options.begin(), command.options.end(),
                                     [&](const command_option& one) { return name == "--" + std::string{one.name}; });
    if (option == command.options.end() || (option->value.empty() && name != *at)) {
      ++at;
      continue;
    }
    const bool apart = !option->value.empty() && name == *at && std::next(at) != arguments.end();
    taken.push_back(apart ? name + '=' + *std::next(at) : *at);
    at = arguments.erase(at, at + (apart ? 2 : 1));
  }
  return taken;
}

constexpr std::array<std::pair<std::string_view, exit_status (*)(invocation&)>, 10> verbs{
  {{"serve", run_serve}, {"symbols", run_symbols}, {"counters", run_counters}, {"get", run_get}, {"incr", run_incr},
   {"ledger", run_ledger}, {"top", run_top}, {"history", run_history}, {"features", run_features},
   {"doctor", run_doctor}}};

exit_status run_command(const command_entry& command, std::vector<std::string> arguments) {
  if (!command.configured)
    return run_simulate(arguments);
  const auto verb = std::find_if(verbs.begin(), verbs.end(), [&](const auto& one) { return one.first == command.name; });
  if (verb == verbs.end())
    return fail("command '" + std::string{command.name} + "' does nothing");
  engine_config config;
  auto own = take_own(arguments, command);
  invocation call{config, {}, take(own, "--json"), take(own, "--simulate"), take(own, "--accept"), {}, {}};
  if (command.name == "serve" && !call.simulate && !own.empty())
    return refuse_usage(own.front() + ": only with --simulate");
  (command.name == "serve" ? call.simulation : call.extra) = std::move(own);
  if (const auto error = config.parse(arguments))
    return refuse_usage(error.text());
  // What a question's own engine warns of would hide the one line that says why it failed.
  const bool asked_to_log = command.name == "serve" || config.given("log-level");
  logger()->set_level(asked_to_log ? spdlog::level::from_str(config.log_level) : spdlog::level::off);
  call.words = config.words();
  return verb->second(call);
}

exit_status run(std::vector<std::string> arguments) {
  if (arguments.empty())
    return refuse_usage("a command is missing; --help lists them");
  if (take(arguments, "--help")) {
    std::fputs(help_text().c_str(), stdout);
    return exit_status::done;
  }
  if (take(arguments, "--version")) {
    std::printf("holdfast %s\n", version.data());
    return exit_status::done;
  }
  const auto verb = arguments.front();
  arguments.erase(arguments.begin());
  if (const auto* command = find_command(verb))
    return run_command(*command, std::move(arguments));
  return refuse_usage("command '" + verb + "' is unknown; --help lists them");
}

} // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run({argv + 1, argv + argc}));
  } catch (const std::exception& failure) {
    return static_cast<int>(fail(failure.what()));
  }
}

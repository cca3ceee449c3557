#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/simulation_options.hpp"
#include "config/option_table.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::app;

void print_help() {
  std::puts("holdfast keeps the tradable symbols and the counters of a trading engine available.\n\n"
            "usage: holdfast COMMAND [WORD ...] [--option=value ...]\n\n"
            "  serve [--simulate]      keep both markets fresh and answer over HTTP\n"
            "  symbols spot|futures    the tradable symbols; with --accept, a running serve believes the list it refused last\n"
            "  counters [PATTERN]      counters and their values\n"
            "  get KEY                 one counter's value\n"
            "  incr KEY [AMOUNT]       count\n"
            "  top [--once]            what a running serve does, live\n"
            "  history KEY             how a counter went [--since=1h] [--until=0] [--step=10s]; times are so long ago, or Unix seconds\n"
            "  doctor                  checks configuration, state folder, Redis and exchange, and tells what to do\n"
            "  ledger [FILE]           what the counter ledgers of the state folder hold\n"
            "  simulate                an exchange on a loopback port [--port=N] [--seed=N] [--changes-per-poll=N]\n"
            "                          [--faults=[MARKET:]FAULT[:SECONDS],...]; serve --simulate takes them, too\n"
            "  --help, --version\n\n"
            "symbols, counters, get, history, doctor and ledger take --json. Options, also as keys of the group `holdfast` in a\n"
            "file named by --config-file:\n");
  for (const auto& option : option_table()) {
    std::string environment;
    for (const auto name : option.environment)
      environment += (environment.empty() ? " [" : ", ") + std::string{name};
    std::printf("  --%-24s %s%s\n", std::string{option.name}.c_str(), std::string{option.meaning}.c_str(),
                environment.empty() ? "" : (environment + "]").c_str());
  }
}

// Takes a flag out of the arguments.
bool take(std::vector<std::string>& arguments, const std::string& flag) {
  return std::erase(arguments, flag) > 0;
}

// Takes the options that only this verb knows, as "--name=value".
std::vector<std::string> take_extra(std::vector<std::string>& arguments, std::string_view verb) {
  std::vector<std::string> taken;
  if (verb == "top" && take(arguments, "--once"))
    taken.emplace_back("--once");
  if (verb != "history")
    return taken;
  for (auto at = arguments.begin(); at != arguments.end();) {
    const auto name = at->substr(0, at->find('='));
    if (name != "--since" && name != "--until" && name != "--step") {
      ++at;
      continue;
    }
    const bool apart = name == *at && std::next(at) != arguments.end();
    taken.push_back(apart ? name + '=' + *std::next(at) : *at);
    at = arguments.erase(at, at + (apart ? 2 : 1));
  }
  return taken;
}

exit_status run(std::vector<std::string> arguments) {
  if (arguments.empty())
    return refuse_usage("a command is missing; --help lists them");
  if (take(arguments, "--help")) {
    print_help();
    return exit_status::done;
  }
  if (take(arguments, "--version")) {
    std::puts("holdfast 0.1.0");
    return exit_status::done;
  }
  const auto verb = arguments.front();
  arguments.erase(arguments.begin());
  if (verb == "simulate")
    return run_simulate(arguments);
  constexpr std::array<std::pair<std::string_view, exit_status (*)(invocation&)>, 9> verbs{
    {{"serve", run_serve}, {"symbols", run_symbols}, {"counters", run_counters}, {"get", run_get}, {"incr", run_incr},
     {"ledger", run_ledger}, {"top", run_top}, {"history", run_history}, {"doctor", run_doctor}}};
  for (const auto& [name, command] : verbs) {
    if (name != verb)
      continue;
    engine_config config;
    invocation call{config, {}, name != "serve" && take(arguments, "--json"), name == "serve" && take(arguments, "--simulate"),
                    false, {}, {}};
    call.accept = name == "symbols" && take(arguments, "--accept");
    call.extra = take_extra(arguments, verb);
    if (call.simulate)
      call.simulation = take_simulation(arguments);
    if (const auto error = config.parse(arguments))
      return refuse_usage(error.text());
    call.words = config.words();
    return command(call);
  }
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

// What the verbs of the program share: their exit statuses, their one-line errors, and the way to a running `serve`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/engine_config.hpp"

namespace holdfast::app {

enum class exit_status : int { done = 0, failed = 1, usage = 2 };

// One line on standard error.
exit_status fail(std::string_view why);
exit_status refuse_usage(std::string_view why);

// What a verb is called with: its own words, and the configuration that the rest of the command line makes.
struct invocation {
  std::string verb;
  std::vector<std::string> words; // positional, without the verb
  bool json = false;
  engine_config* config = nullptr;
};

exit_status run_serve(invocation& call);
exit_status run_symbols(invocation& call);
exit_status run_counters(invocation& call);
exit_status run_get(invocation& call);
exit_status run_incr(invocation& call);
exit_status run_ledger(invocation& call);

} // namespace holdfast::app

// What the verbs of the program share: their exit statuses, their one-line errors, and an engine of their own for when
// no `serve` answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/engine_config.hpp"
#include "engine/engine.hpp"

namespace holdfast::app {

enum class exit_status : int { done = 0, failed = 1, usage = 2 };

// One line on standard error.
exit_status fail(std::string_view why);
exit_status refuse_usage(std::string_view why);
// What a command says that cannot tell counters because the store is away.
exit_status fail_without_store();
// Why no command of its own can know a counter: they are in a state folder that cannot be used. None: they can be looked for.
std::optional<std::string> why_no_counters(const engine_config& config);

// What a verb is called with.
struct invocation {
  engine_config& config;
  std::vector<std::string> words; // positional, without the verb
  bool json = false;
  bool simulate = false;
  bool accept = false;
  std::vector<std::string> simulation; // options of the simulated exchange
  std::vector<std::string> extra;      // options of this verb alone, "--name=value"
};

exit_status run_serve(invocation& call);
exit_status run_symbols(invocation& call);
exit_status run_counters(invocation& call);
exit_status run_get(invocation& call);
exit_status run_incr(invocation& call);
exit_status run_ledger(invocation& call);
exit_status run_top(invocation& call);
exit_status run_history(invocation& call);
exit_status run_features(invocation& call);
exit_status run_doctor(invocation& call);
exit_status run_simulate(const std::vector<std::string>& arguments);

// The resolved state folder of a configuration.
std::string state_path_of(const engine_config& config);

// An engine for one question: it serves nothing and refreshes nothing by itself.
class short_engine {
public:
  explicit short_engine(engine_config& config);
  engine& operator*() noexcept { return engine_; }
  engine* operator->() noexcept { return &engine_; }

private:
  caf::actor_system system_;
  engine engine_;
};

} // namespace holdfast::app

// What `holdfast doctor` looks at: each check tells one or more findings. Private to the program.
//
// Bounds  every check ends by itself within a few seconds. Nothing is changed, but for a state folder that is created.
//         Whether Redis takes writes is asked with a write that it carries out only where a key exists that never does.
#pragma once

#include <string>
#include <vector>

#include "config/engine_config.hpp"

namespace holdfast::app {

enum class finding_level : std::uint8_t { ok, warning, failure };

struct finding {
  finding_level level = finding_level::ok;
  std::string what;   // "redis eviction"
  std::string seen;   // what was found
  std::string advice; // what to do; empty where all is well
};

using findings = std::vector<finding>;

void check_intervals(const engine_config& config, findings& found);
void check_state_folder(const engine_config& config, findings& found);
// What a serve on this folder tells of itself; that none runs there is no fault.
void check_serve(const engine_config& config, findings& found);
// The same of the JSON of its status alone.
void check_status(const std::string& json, findings& found);
// Whether the lists in the store are of this configuration. `stored` has the market's full value, empty where there is none.
void check_lists(const engine_config& config, market which, const std::string& stored, findings& found);
void check_redis(const engine_config& config, findings& found);
void check_exchange(const engine_config& config, market which, findings& found);

} // namespace holdfast::app

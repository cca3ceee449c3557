// Private: what the monitor read of counters that the counter actor does not tell of.
#pragma once

#include <string_view>

#include "messages/snapshot.hpp"

namespace holdfast {

// Adds every counter of the newest snapshot that matches the glob and is missing: those of other programs, and those of other
// processes while the store does not tell which there are. A counter of which only its name is known gives way to it. What is
// not from the store now has `ledger` as its source. Null: no snapshot yet, and nothing is added.
void add_known(counter_readings& found, std::string_view glob, const engine_snapshot* newest);

} // namespace holdfast

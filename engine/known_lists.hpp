// Private: the lists that an earlier process left in the state folder, which a new one answers with before it asks anybody.
//
// Threads  both lists are read side by side, beside the caller; in a simulation by the caller, once it waits.
// Errors   a list that cannot be read, or was made with another configuration, is none.
#pragma once

#include <array>
#include <future>
#include <string>

#include "config/options.hpp"
#include "messages/symbols.hpp"
#include "runtime/clock.hpp"

namespace holdfast {

using known_lists = std::array<symbols_answer, market_count>;

// `folder` empty: there is none. `settings` must live until the answer is there.
std::future<known_lists> read_known_lists(const std::string& folder, const options& settings, clock_ptr clock, bool own_threads);

list_rules list_rules_of(const options& settings, market which);

} // namespace holdfast

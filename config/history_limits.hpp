// How long a history is kept: what the engine and the commands that read its file alone go by.
#pragma once

#include <holdfast/config/options.hpp>
#include <holdfast/runtime/history_file.hpp>

namespace holdfast {

history_limits history_limits_of(const options& settings);

} // namespace holdfast

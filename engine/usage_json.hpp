// Private: tasks and features as the status and the features route answer them.
#pragma once

#include <string>
#include <vector>

#include "messages/usage.hpp"
#include "runtime/task.hpp"

namespace holdfast {

std::string tasks_json(const std::vector<task_reading>& tasks);
std::string feature_status_json(const feature_status& status);

// {"days": [...], "features": [{"name", "total", "subjects", "per_day"}, ...], "most_used": [...], "least_used": [...]}, the
// most used first; the two lists name at most ten features each.
std::string features_json(const features_found& found);

} // namespace holdfast

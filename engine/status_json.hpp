// Private to the gateway: what the engine tells about itself, as JSON.
#pragma once

#include <string>

#include "engine/engine.hpp"

namespace holdfast {

std::string status_json(engine& host);
std::string reading_json(const counter_reading& reading);
std::string readings_json(const counter_readings& readings);

} // namespace holdfast

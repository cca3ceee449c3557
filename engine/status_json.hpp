// Private to the gateway: what the engine tells about itself, as JSON.
#pragma once

#include <string>

#include "engine/engine.hpp"

namespace holdfast {

std::string status_json(const engine_status& status, const symbol_board& board, boot_time now);
std::string reading_json(const counter_reading& reading);
std::string readings_json(const counter_readings& readings);

} // namespace holdfast

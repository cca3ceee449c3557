// Private to the gateway: what the engine tells about itself, as JSON.
#pragma once

#include <string>

#include "engine/engine.hpp"

namespace holdfast {

// With the newest `events_max` events.
std::string status_json(const engine_status& status, const symbol_board& board, boot_time now,
                        std::size_t events_max = event_log::events_max);
std::string reading_json(const counter_reading& reading);
std::string readings_json(const counter_readings& readings);

} // namespace holdfast

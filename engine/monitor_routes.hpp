// Private to the gateway: the routes for those who watch: metrics, history, status.
#pragma once

#include <string_view>

#include "engine/http_routes.hpp"
#include "runtime/telemetry.hpp"

namespace holdfast {

// Which of the measured routes a path belongs to.
gateway_route route_of(std::string_view path) noexcept;

// As the history route answers it.
std::string history_json(const history_answer& answer);
// 404 where no history is kept, 400 for a range that makes no sense, 503 where its file cannot be read or is not in time.
gateway_answer history_answer_for(const history_answer& answer);

// GET /metrics
gateway_answer metrics_answer(const engine& host);
// GET /api/v1/history/{key}?since=&until=&step=   Unix seconds, or negative: seconds before now
void history_route(engine& host, std::string_view key, const gateway_request& request, respond_function respond);
// GET /api/v1/features?days=N
void features_route(engine& host, const gateway_request& request, respond_function respond);
// GET /api/v1/status?events=N
void status_route(engine& host, const gateway_request& request, respond_function respond);

} // namespace holdfast

#include "engine/monitor_routes.hpp"

#include <charconv>
#include <cmath>
#include <optional>

#include "engine/status_json.hpp"
#include "engine/usage_json.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 2s;
constexpr std::int64_t days_by_default = 7;
constexpr std::int64_t days_max = 31;

void append_rate(std::string& out, std::optional<double> rate) {
  char text[32];
  if (rate && std::isfinite(*rate))
    out.append(text, std::to_chars(text, text + sizeof text, *rate).ptr);
  else
    out += "null";
}

} // namespace

std::string history_json(const history_answer& answer) {
  std::string out = "{\"key\":";
  append_json_string(out, answer.key);
  out += answer.line.known ? ",\"known\":true" : ",\"known\":false";
  out += ",\"step\":" + std::to_string(answer.line.step) + ",\"points\":[";
  for (const auto& point : answer.line.points) {
    out += out.back() == '[' ? "{\"t\":" : ",{\"t\":";
    out += std::to_string(point.at) + ",\"value\":" + std::to_string(point.value) + ",\"rate\":";
    append_rate(out, point.rate);
    out += '}';
  }
  return out + "]}";
}

gateway_answer history_answer_for(const history_answer& answer) {
  if (answer.error == fault::none)
    return json_answer(history_json(answer));
  const auto status = answer.error == fault::bad_request ? 400U : answer.error == fault::no_data ? 404U : 503U;
  return problem(status, "No history", answer.refusal);
}

gateway_route route_of(std::string_view path) noexcept {
  using enum gateway_route;
  constexpr std::string_view market_routes = "/api/v1/symbols/";
  if (path.starts_with(market_routes))
    return path.find('/', market_routes.size()) == std::string_view::npos ? symbols : symbol;
  if (path == "/api/v1/counters")
    return counters;
  if (path.starts_with("/api/v1/counters/"))
    return counter;
  if (path.starts_with("/api/v1/history/"))
    return history;
  if (path == "/api/v1/features")
    return features;
  if (path == "/api/v1/status")
    return status;
  if (path == "/metrics")
    return metrics;
  if (path == "/healthz" || path == "/readyz")
    return health;
  return path == "/" ? dashboard : other;
}

gateway_answer metrics_answer(const engine& host) {
  gateway_answer answer;
  answer.body = host.metrics_text();
  answer.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

void history_route(engine& host, std::string_view key, const gateway_request& request, respond_function respond) {
  history_wanted wanted{std::string{key}, {}, {}, {}};
  if (!read_number(request.argument("since"), wanted.since) || !read_number(request.argument("until"), wanted.until)
      || !read_number(request.argument("step"), wanted.step))
    return respond(problem(400, "Not a range", "since, until and step are whole seconds"));
  const auto now = std::chrono::floor<std::chrono::seconds>(host.clock()->wall_now()).time_since_epoch().count();
  for (auto* end : {&wanted.since, &wanted.until})
    if (*end && **end < 0)
      **end += now;
  host.history_async(
      std::move(wanted), [respond](const history_answer& answer) { respond(history_answer_for(answer)); }, patience);
}

void features_route(engine& host, const gateway_request& request, respond_function respond) {
  std::optional<std::int64_t> days;
  if (!read_number(request.argument("days"), days) || days.value_or(1) < 1 || days.value_or(1) > days_max)
    return respond(problem(400, "Not a number of days", "days is how many days of UTC are wanted, today included: 1 to 31"));
  host.features_async(static_cast<std::uint32_t>(days.value_or(days_by_default)), [respond](const features_found& found) {
    respond(found.error == fault::none ? json_answer(features_json(found))
                                       : problem(503, "Features not readable", to_string(found.error)));
  }, patience);
}

void status_route(engine& host, const gateway_request& request, respond_function respond) {
  std::optional<std::int64_t> events;
  if (!read_number(request.argument("events"), events) || events.value_or(0) < 0)
    return respond(problem(400, "Not a number", "events is how many of the newest events are wanted"));
  host.status_async([board = host.board(), clock = host.clock(), events, respond](const engine_status& status) {
    const auto most = events ? static_cast<std::size_t>(*events) : status.events.size();
    respond(json_answer(status_json(status, *board, clock->boot_now(), most)));
  }, patience);
}

} // namespace holdfast

#include "engine/http_routes.hpp"

#include <charconv>

#include "engine/status_json.hpp"
#include "runtime/counter_ledger.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 2s;

void describe(gateway_answer& answer, const symbols_reply& reply) {
  answer.headers.emplace_back("Content-Type", "application/json");
  answer.headers.emplace_back("X-Holdfast-Source", std::string{to_string(reply.source)});
  answer.headers.emplace_back("X-Holdfast-Stale", reply.stale ? "true" : "false");
  answer.headers.emplace_back("Cache-Control", "max-age=0, must-revalidate, stale-if-error=86400");
  if (reply.age)
    answer.headers.emplace_back("Age",
                                std::to_string(std::chrono::floor<std::chrono::seconds>(*reply.age).count()));
}

gateway_answer no_symbols(const symbols_reply& reply) {
  return problem(503, "No symbols yet", "nothing was ever good and nothing can be had now (" + to_string(reply.error) + ')');
}

gateway_answer list_answer(engine& host, list_body_cache& bodies, market which, const gateway_request& request) {
  const auto reply = host.symbols_sync(which, patience);
  if (!reply.table)
    return no_symbols(reply);
  const auto made = bodies.of(which, reply.table);
  const bool zipped = request.accept_encoding.find("gzip") != std::string_view::npos && !made->zipped->empty();
  gateway_answer answer;
  describe(answer, reply);
  answer.headers.emplace_back("Vary", "Accept-Encoding");
  const auto& tag = zipped ? made->zipped_tag : made->plain_tag;
  answer.headers.emplace_back("ETag", tag);
  if (request.if_none_match.find(tag) != std::string_view::npos || request.if_none_match == "*") {
    answer.status = 304;
    return answer;
  }
  if (zipped)
    answer.headers.emplace_back("Content-Encoding", "gzip");
  answer.shared_body = zipped ? made->zipped : made->plain;
  return answer;
}

gateway_answer symbol_answer(engine& host, market which, std::string_view name) {
  const auto reply = host.symbols_sync(which, patience);
  if (!reply.table)
    return no_symbols(reply);
  const auto* found = reply.table->find(name);
  if (!found)
    return problem(404, "Unknown symbol", "there is no symbol '" + std::string{name.substr(0, 64)} + "' in this market");
  gateway_answer answer;
  describe(answer, reply);
  answer.body = write_symbol(*found);
  return answer;
}

gateway_answer symbols_route(engine& host, list_body_cache& bodies, std::string_view rest, const gateway_request& request) {
  const auto slash = rest.find('/');
  const auto which = parse_market(rest.substr(0, slash));
  if (!which)
    return problem(404, "Unknown market", "accepted: spot, futures");
  if (slash == std::string_view::npos || slash + 1 == rest.size())
    return list_answer(host, bodies, *which, request);
  return symbol_answer(host, *which, rest.substr(slash + 1));
}

gateway_answer counter_route(engine& host, std::string_view key) {
  const auto reading = host.read(key, patience);
  if (reading.error != fault::none)
    return problem(503, "Counter not readable", to_string(reading.error));
  return json_answer(reading_json(reading));
}

gateway_answer ready(engine& host) {
  for (const auto which : all_markets)
    if (!host.board()->current(which)->table)
      return problem(503, "Not ready", "no symbols of " + std::string{to_string(which)} + " yet");
  return json_answer("{\"ready\":true}");
}

// POST /control/incr/{key}/{amount}
gateway_answer increment(engine& host, std::string_view rest) {
  const auto slash = rest.rfind('/');
  std::int64_t amount = 0;
  const auto text = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const auto key = rest.substr(0, slash);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !is_counter_key(key))
    return problem(400, "Not an increment", "accepted: /control/incr/KEY/AMOUNT");
  host.incr(key, amount);
  return json_answer("{}");
}

} // namespace

gateway_answer route(engine& host, list_body_cache& bodies, const gateway_request& request) {
  constexpr std::string_view symbols = "/api/v1/symbols/";
  constexpr std::string_view counters = "/api/v1/counters";
  constexpr std::string_view incr = "/control/incr/";
  const auto path = request.path;
  if (request.local && request.method == "POST" && path.starts_with(incr))
    return increment(host, path.substr(incr.size()));
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = problem(405, "Method not allowed", "accepted: GET, HEAD");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (path == "/healthz")
    return json_answer("{\"alive\":true}");
  if (path == "/readyz")
    return ready(host);
  if (path.starts_with(symbols))
    return symbols_route(host, bodies, path.substr(symbols.size()), request);
  if (path == counters)
    return json_answer(readings_json(host.read_matching(request.match.empty() ? "metrics:*" : request.match, patience)));
  if (path.starts_with("/api/v1/counters/"))
    return counter_route(host, path.substr(counters.size() + 1));
  if (path == "/api/v1/status")
    return json_answer(status_json(host));
  return problem(404, "Not found", "there is no such route");
}

} // namespace holdfast

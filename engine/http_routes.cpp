#include "engine/http_routes.hpp"

#include <charconv>

#include "engine/dashboard_page.hpp"
#include "engine/monitor_routes.hpp"
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

// Whether a client takes gzip: named, and not with a quality of zero (RFC 9110, 12.5.3).
bool takes_gzip(std::string_view accepted) noexcept {
  const auto at = accepted.find("gzip");
  if (at == std::string_view::npos)
    return false;
  auto parameters = accepted.substr(at + 4);
  parameters = parameters.substr(0, parameters.find(','));
  const auto quality = parameters.find("q=");
  return quality == std::string_view::npos
         || parameters.substr(quality + 2).find_first_of("123456789") != std::string_view::npos;
}

struct list_wanted {
  market which;
  bool zipped;
  std::string if_none_match;
};

gateway_answer list_answer(list_body_cache& bodies, const list_wanted& wanted, const symbols_reply& reply) {
  if (!reply.table)
    return no_symbols(reply);
  const auto made = bodies.of(wanted.which, reply.table);
  const bool zipped = wanted.zipped && !made->zipped->empty();
  gateway_answer answer;
  describe(answer, reply);
  answer.headers.emplace_back("Vary", "Accept-Encoding");
  const auto& tag = zipped ? made->zipped_tag : made->plain_tag;
  answer.headers.emplace_back("ETag", tag);
  if (wanted.if_none_match.find(tag) != std::string::npos || wanted.if_none_match == "*") {
    answer.status = 304;
    return answer;
  }
  if (zipped)
    answer.headers.emplace_back("Content-Encoding", "gzip");
  answer.shared_body = zipped ? made->zipped : made->plain;
  return answer;
}

gateway_answer symbol_answer(std::string_view name, const symbols_reply& reply) {
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

void symbols_route(engine& host, const std::shared_ptr<list_body_cache>& bodies, std::string_view rest,
                   const gateway_request& request, respond_function respond) {
  const auto slash = rest.find('/');
  const auto which = parse_market(rest.substr(0, slash));
  if (!which)
    return respond(problem(404, "Unknown market", "accepted: spot, futures"));
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    list_wanted wanted{*which, takes_gzip(request.accept_encoding), std::string{request.if_none_match}};
    return host.symbols_async(*which, [bodies, wanted = std::move(wanted), respond](const symbols_reply& reply) {
      respond(list_answer(*bodies, wanted, reply));
    }, patience);
  }
  host.symbols_async(*which, [name = std::string{rest.substr(slash + 1)}, respond](const symbols_reply& reply) {
    respond(symbol_answer(name, reply));
  }, patience);
}

void counter_route(engine& host, std::string_view key, respond_function respond) {
  host.read_async(key, [respond](const counter_reading& reading) {
    respond(reading.error == fault::none ? json_answer(reading_json(reading))
                                         : problem(503, "Counter not readable", to_string(reading.error)));
  }, patience);
}

void counters_route(engine& host, std::string_view glob, respond_function respond) {
  host.read_matching_async(glob.empty() ? "metrics:*" : glob, [respond](const counter_readings& found) {
    respond(json_answer(readings_json(found)));
  }, patience);
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

// POST /control/accept/{market}
void accept_route(engine& host, std::string_view rest, respond_function respond) {
  const auto which = parse_market(rest);
  if (!which)
    return respond(problem(404, "Unknown market", "accepted: spot, futures"));
  host.accept_refused_async(*which, [respond](const acceptance& one) {
    if (!one.accepted)
      return respond(problem(409, "Nothing accepted", one.detail));
    std::string body = "{\"accepted\":" + std::to_string(one.symbols) + ",\"refused_because\":";
    append_json_string(body, one.detail);
    respond(json_answer(body + '}'));
  }, patience);
}

void answer_route(engine& host, const std::shared_ptr<list_body_cache>& bodies, const gateway_request& request,
           respond_function respond) {
  constexpr std::string_view symbols = "/api/v1/symbols/";
  constexpr std::string_view counters = "/api/v1/counters";
  constexpr std::string_view history = "/api/v1/history/";
  constexpr std::string_view incr = "/control/incr/";
  constexpr std::string_view accept = "/control/accept/";
  const auto path = request.path;
  if (request.local && request.method == "POST" && path.starts_with(incr))
    return respond(increment(host, path.substr(incr.size())));
  if (request.local && request.method == "POST" && path.starts_with(accept))
    return accept_route(host, path.substr(accept.size()), std::move(respond));
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = problem(405, "Method not allowed", "accepted: GET, HEAD");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return respond(std::move(refused));
  }
  if (path == "/healthz")
    return respond(json_answer("{\"alive\":true}"));
  if (path == "/readyz")
    return respond(ready(host));
  if (path.starts_with(symbols))
    return symbols_route(host, bodies, path.substr(symbols.size()), request, std::move(respond));
  if (path == counters)
    return counters_route(host, request.argument("match"), std::move(respond));
  if (path.starts_with("/api/v1/counters/"))
    return counter_route(host, path.substr(counters.size() + 1), std::move(respond));
  if (path == "/api/v1/status")
    return status_route(host, request, std::move(respond));
  if (path.starts_with(history))
    return history_route(host, path.substr(history.size()), request, std::move(respond));
  if (path == "/")
    return respond(dashboard_answer());
  if (path == "/metrics")
    return respond(metrics_answer(host));
  respond(problem(404, "Not found", "there is no such route"));
}

} // namespace

void route(engine& host, const std::shared_ptr<list_body_cache>& bodies, const gateway_request& request,
           respond_function respond) {
  const auto measured = [watched = host.watched(), which = route_of(request.path), began = boot_clock::now(),
                         respond = std::move(respond)](gateway_answer answer) {
    watched->request_duration[static_cast<std::size_t>(which)].observe(boot_clock::now() - began);
    respond(std::move(answer));
  };
  answer_route(host, bodies, request, measured);
}

} // namespace holdfast

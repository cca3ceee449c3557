#include "engine/http_routes.hpp"

#include <caf/send.hpp>

#include "engine/dashboard_page.hpp"
#include "engine/monitor_routes.hpp"
#include "engine/status_json.hpp"
#include "runtime/printable.hpp"
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
  if (names_tag(wanted.if_none_match, tag)) {
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
    return problem(404, "Unknown symbol", "there is no symbol '" + printable(name, 64) + "' in this market");
  gateway_answer answer;
  describe(answer, reply);
  answer.body = write_symbol(*found);
  return answer;
}

void list_route(engine& host, const std::shared_ptr<list_body_cache>& bodies, const request_meaning& what,
                std::string_view if_none_match, respond_function respond) {
  list_wanted wanted{what.which, what.takes_gzip, std::string{if_none_match}};
  host.symbols_async(what.which, [bodies, wanted = std::move(wanted), respond](const symbols_reply& reply) {
    respond(list_answer(*bodies, wanted, reply));
  }, patience);
}

void symbol_route(engine& host, const request_meaning& what, respond_function respond) {
  host.symbols_async(what.which, [name = std::string{what.name}, respond](const symbols_reply& reply) {
    respond(symbol_answer(name, reply));
  }, patience);
}

void counter_route(engine& host, std::string_view key, respond_function respond) {
  host.read_async(key, [respond](const counter_reading& reading) {
    if (reading.error != fault::none)
      return respond(problem(503, "Counter not readable", to_string(reading.error)));
    respond(reading.is_integer ? json_answer(reading_json(reading))
                               : problem(422, "Not an integer", "the store holds something else under this key"));
  }, patience);
}

gateway_answer counters_answer(const counters_seen& seen, boot_time now) {
  if (!seen.json)
    return problem(503, "Counters not readable", to_string(seen.error));
  auto answer = json_answer({});
  answer.shared_body = seen.json;
  answer.headers.emplace_back("X-Holdfast-Stale", seen.stale ? "true" : "false");
  const auto age = std::chrono::floor<std::chrono::milliseconds>(now - seen.asked_at);
  answer.headers.emplace_back("X-Holdfast-Age-Ms", std::to_string(age.count()));
  return answer;
}

void counters_route(engine& host, shared_counters& shared, const request_meaning& what, respond_function respond) {
  const auto seen = [clock = host.clock(), respond = std::move(respond)](const counters_seen& told) {
    respond(counters_answer(told, clock->boot_now()));
  };
  if (what.name == all_metrics_glob && what.max_age_ms > 0)
    shared.look(host, std::chrono::milliseconds{what.max_age_ms}, seen);
  else
    look_at_counters(host, what.name, seen);
}

// Whoever waits for both markets asks for nothing else, and without a warmup nobody may: the question brings what is missing.
// It counts as no read, and asks the exchange no earlier than a read may.
gateway_answer ready_answer(const engine& host) {
  std::string missing;
  for (const auto which : all_markets) {
    if (host.board()->current(which)->table)
      continue;
    caf::anon_send(host.cache(), refresh_symbols{which, refresh_reason::operator_request, host.settings().ttl(which)});
    missing += (missing.empty() ? "" : " and ") + std::string{to_string(which)};
  }
  if (!missing.empty())
    return problem(503, "Not ready", "no symbols of " + missing + " yet");
  return json_answer("{\"ready\":true}");
}

gateway_answer increment_answer(engine& host, const request_meaning& what) {
  if (host.incr_if_kept(what.name, what.amount))
    return json_answer("{}");
  return problem(507, "Not kept", "nothing was counted: the ledger is in memory only, or has no row for this counter");
}

void accept_route(engine& host, market which, respond_function respond) {
  host.accept_refused_async(which, [respond](const acceptance& one) {
    if (!one.accepted)
      return respond(problem(409, "Nothing accepted", one.detail));
    std::string body = "{\"accepted\":" + std::to_string(one.symbols) + ",\"refused_because\":";
    append_json_string(body, one.detail);
    respond(json_answer(body + '}'));
  }, patience);
}

void answer_request(engine& host, const gateway_memory& memory, const gateway_request& request, respond_function respond) {
  using enum request_target;
  const auto what = read_request(request);
  if (!what)
    return respond(what.error());
  switch (what->target) {
    case alive: return respond(json_answer("{\"alive\":true}"));
    case ready: return respond(ready_answer(host));
    case list: return list_route(host, memory.bodies, *what, request.if_none_match, std::move(respond));
    case one_symbol: return symbol_route(host, *what, std::move(respond));
    case counters: return counters_route(host, *memory.counters, *what, std::move(respond));
    case counter: return counter_route(host, what->name, std::move(respond));
    case status: return status_route(host, request, std::move(respond));
    case history: return history_route(host, what->name, request, std::move(respond));
    case features: return features_route(host, request, std::move(respond));
    case dashboard: return respond(dashboard_answer());
    case metrics: return respond(metrics_answer(host));
    case increment: return respond(increment_answer(host, *what));
    case accept: return accept_route(host, what->which, std::move(respond));
  }
}

} // namespace

void route(engine& host, const gateway_memory& memory, const gateway_request& request, respond_function respond) {
  const auto measured = [watched = host.watched(), which = route_of(request.path), began = boot_clock::now(),
                         respond = std::move(respond)](gateway_answer answer) {
    watched->request_duration[static_cast<std::size_t>(which)].observe(boot_clock::now() - began);
    respond(std::move(answer));
  };
  answer_request(host, memory, request, measured);
}

} // namespace holdfast

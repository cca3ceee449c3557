#include <cstdio>

#include <rapidjson/document.h>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "runtime/symbol_table.hpp"

namespace holdfast::app {

namespace {

// The array itself, or one name a line in list order.
exit_status print(const std::string& array, bool json) {
  if (json) {
    std::printf("%s\n", array.c_str());
    return exit_status::done;
  }
  rapidjson::Document list;
  list.Parse(array.c_str());
  if (!list.IsArray())
    return fail("the answer of the running serve is no list of symbols");
  for (const auto& one : list.GetArray())
    std::printf("%s\n", one["symbol"].GetString());
  return exit_status::done;
}

std::string text_of(const rapidjson::Document& answer, const char* name) {
  return answer.IsObject() && answer.HasMember(name) && answer[name].IsString() ? answer[name].GetString() : "no reason told";
}

// Only a running serve knows what it refused.
exit_status accept(const invocation& call, const std::string& name) {
  const auto answer = ask_serve(state_path_of(call.config), "POST", "/control/accept/" + name);
  if (!answer)
    return fail("no serve is running on this state folder; --accept is for the list that a running serve refused");
  rapidjson::Document told;
  told.Parse(answer->body.c_str());
  if (answer->status != 200)
    return fail(text_of(told, "detail"));
  if (call.json)
    std::printf("%s\n", answer->body.c_str());
  else
    std::printf("accepted %llu symbols of %s, refused before: %s\n",
                static_cast<unsigned long long>(told["accepted"].GetUint64()), name.c_str(),
                text_of(told, "refused_because").c_str());
  return exit_status::done;
}

} // namespace

exit_status run_symbols(invocation& call) {
  if (call.words.size() != 1)
    return refuse_usage("symbols takes one market: spot or futures");
  const auto which = parse_market(call.words.front());
  if (!which)
    return refuse_usage("market '" + call.words.front() + "' is unknown; accepted: spot, futures");
  if (call.accept)
    return accept(call, call.words.front());
  const auto answer = ask_serve(state_path_of(call.config), "GET", "/api/v1/symbols/" + call.words.front());
  if (answer && answer->status == 200)
    return print(answer->body, call.json);
  short_engine host{call.config};
  const auto reply = host->symbols_sync(*which, call.config.fetch_timeout + std::chrono::seconds{2});
  if (reply.table)
    return print(reply.table->list_json(), call.json);
  const auto seen = host->status().supervisor.fetchers[index(*which)].last_error;
  return fail("no symbols of " + call.words.front() + " to be had (" + to_string(reply.error) + (seen.empty() ? "" : ": " + seen)
              + "); check the network and --" + call.words.front() + "-urls");
}

} // namespace holdfast::app

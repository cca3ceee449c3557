#include <cstdio>

#include <caf/actor_system.hpp>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "apps/holdfast/standalone.hpp"
#include "engine/engine.hpp"
#include "runtime/symbol_table.hpp"

namespace holdfast::app {

namespace {

void print_json(std::string_view array) { std::printf("%.*s\n", static_cast<int>(array.size()), array.data()); }

// One symbol a line, for people and for `grep`; the names alone, in list order.
void print_names(std::string_view array) {
  for (const auto& name : names_in(array))
    std::printf("%s\n", name.c_str());
}

} // namespace

exit_status run_symbols(invocation& call) {
  if (call.words.size() != 1)
    return refuse_usage("symbols takes one market: spot or futures");
  const auto which = parse_market(call.words.front());
  if (!which)
    return refuse_usage("market '" + call.words.front() + "' is unknown; accepted: spot, futures");

  const auto print = [&](std::string_view array) {
    call.json ? print_json(array) : print_names(array);
    return exit_status::done;
  };
  const auto path = "/api/v1/symbols/" + call.words.front();
  if (auto answer = ask_serve(state_folder_of(*call.config), "GET", path); answer && answer->status == 200)
    return print(answer->body);

  standalone host{*call.config};
  const auto reply = host.engine().symbols_sync(*which, call.config->fetch_timeout);
  if (!reply.table)
    return fail("no symbols of " + call.words.front() + " to be had (" + to_string(reply.error)
                + "); check the network and the exchange's URLs, or start from a state folder that has a last good list");
  return print(reply.table->list_json());
}

} // namespace holdfast::app

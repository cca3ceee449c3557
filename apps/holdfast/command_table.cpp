#include "apps/holdfast/command_table.hpp"

namespace holdfast::app {

namespace {

std::vector<command_entry> make_table() {
  const command_option json{"json", {}, "answers as JSON"};
  const command_option faults{"faults", "LIST", "what goes wrong: [MARKET:]FAULT[:SECONDS],...; ? lists the faults"};
  const command_option seed{"seed", "N", "the symbols follow from it"};
  const command_option changes{"changes-per-poll", "N", "small changes of the list with every poll"};
  return {
    {"serve", {}, "keeps both markets fresh and answers over HTTP", {},
     {{"simulate", {}, "asks a simulated exchange of its own instead of Binance"}, faults, seed, changes}},
    {"symbols", "MARKET", "the tradable symbols of spot or futures", {"spot", "futures"},
     {json, {"accept", {}, "a running serve believes the list that it refused last"}}},
    {"counters", "[PATTERN]", "counters and their values; PATTERN is a glob", {}, {json}},
    {"get", "KEY", "one counter's value", {}, {json}},
    {"incr", "KEY [AMOUNT]", "counts; done once the increment is safe in the ledger or the store", {}, {}},
    {"top", {}, "what a running serve does, live", {}, {{"once", {}, "prints one screen and ends"}}},
    {"history", "KEY", "how a counter went", {},
     {json,
      {"since", "TIME", "from then on: Unix seconds, or a duration: so long ago (default 1h)"},
      {"until", "TIME", "up to then, in the same way (default 0: now)"},
      {"step", "DURATION", "between two points (default 10s)"}}},
    {"features", {}, "how often features are used, by how many, and per day", {},
     {json, {"days", "N", "so many days of UTC, today included: 1 to 31 (default 7)"}}},
    {"doctor", {}, "checks configuration, state folder, Redis and exchange, and tells what to do", {}, {json}},
    {"ledger", "[FILE]", "what the counter ledgers of the state folder hold, or one file", {}, {json}},
    {"simulate", {}, "a simulated exchange on a loopback port", {}, {{"port", "N", "its port (default: a free one)"}, seed, changes, faults},
     false},
  };
}

} // namespace

std::span<const command_entry> command_table() {
  static const auto table = make_table();
  return table;
}

const command_entry* find_command(std::string_view name) {
  for (const auto& entry : command_table())
    if (entry.name == name)
      return &entry;
  return nullptr;
}

} // namespace holdfast::app

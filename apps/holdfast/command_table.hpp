// Every command once: what it takes and what it means. The command line, `--help`, the man page and the completions are
// all made from this table and from that of the options (config/option_table.hpp).
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace holdfast::app {

// An option that only some command takes.
struct command_option {
  std::string_view name;    // without the dashes
  std::string_view value;   // what it stands for in help, "TIME"; empty: a flag
  std::string_view meaning;
};

struct command_entry {
  std::string_view name;
  std::string_view words;                  // "KEY [AMOUNT]"
  std::string_view meaning;
  std::vector<std::string_view> choices;   // for the first word, where there are few
  std::vector<command_option> options;
  bool configured = true;                  // takes the options of the configuration
};

std::span<const command_entry> command_table();
const command_entry* find_command(std::string_view name);

} // namespace holdfast::app

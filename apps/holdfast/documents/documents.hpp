// Texts made from the tables of commands and options, so that none of them can differ from what the program does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/holdfast/command_table.hpp"
#include "config/option_table.hpp"

namespace holdfast::app {

std::string help_text();              // `holdfast --help`
std::string program_manual();         // holdfast(1)
std::string configuration_manual();   // holdfast.conf(5)
std::string configuration_page();     // docs/configuration.md
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

// What the texts say of an option of the configuration.
struct told_option {
  std::string_view name;
  std::string_view accepted;
  std::string_view meaning;
  std::string otherwise;                       // the default
  std::vector<std::string_view> environment;
  std::vector<std::string_view> choices;       // where only these are accepted
  bool is_path = false;
};

// Those of the table, and before them `config-file`, which is on the command line only.
std::vector<told_option> told_options();

inline constexpr std::string_view program_purpose = "keeps the tradable symbols and the counters of a trading engine available";

} // namespace holdfast::app

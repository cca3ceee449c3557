#include <algorithm>

#include "apps/holdfast/documents/documents.hpp"

namespace holdfast::app {

namespace {

constexpr std::size_t name_width = 27;

std::string line_of(std::string name, std::string_view meaning, std::size_t indent) {
  name.insert(0, indent, ' ');
  name.resize(std::max(name.size() + 1, name_width), ' ');
  return name.append(meaning) + '\n';
}

// "auto, redis, embedded" names all that is accepted; "a path" does not.
std::vector<std::string_view> choices_in(std::string_view accepted) {
  std::vector<std::string_view> choices;
  while (!accepted.empty()) {
    const auto comma = accepted.find(", ");
    choices.push_back(accepted.substr(0, comma));
    accepted = comma == std::string_view::npos ? std::string_view{} : accepted.substr(comma + 2);
  }
  const auto is_word = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  };
  if (choices.size() < 2 || !std::all_of(choices.begin(), choices.end(), is_word))
    choices.clear();
  return choices;
}

} // namespace

std::vector<told_option> told_options() {
  std::vector<told_option> told{
    {"config-file", "a file in CAF's configuration syntax", "options as keys of the group `holdfast`", "none", {}, {}, true}};
  for (const auto& option : option_table()) {
    const bool is_path = option.accepted.starts_with("a path") || option.accepted.starts_with("a file");
    told.push_back({option.name, option.accepted, option.meaning, default_of(option), option.environment,
                    choices_in(option.accepted), is_path});
  }
  return told;
}

std::string help_text() {
  std::string text{"holdfast "};
  text.append(program_purpose).append(".\n\nusage: holdfast COMMAND [WORD ...] [--option=value ...]\n\n");
  for (const auto& command : command_table()) {
    text += line_of(std::string{command.name} + (command.words.empty() ? "" : " ") + std::string{command.words}, command.meaning, 2);
    for (const auto& option : command.options)
      text += line_of("--" + std::string{option.name} + (option.value.empty() ? "" : "=") + std::string{option.value}, option.meaning, 6);
  }
  text += line_of("--help, --version", {}, 2);
  text += "\nOptions of all commands but simulate, also as keys of the group `holdfast` in a file named by --config-file:\n\n";
  for (const auto& option : told_options()) {
    std::string environment;
    for (const auto name : option.environment)
      environment += (environment.empty() ? " [" : ", ") + std::string{name};
    text += line_of("--" + std::string{option.name}, std::string{option.meaning} + (environment.empty() ? "" : environment + "]"), 2);
  }
  return text + "\nman holdfast and man holdfast.conf tell defaults and what is accepted.\n";
}

} // namespace holdfast::app

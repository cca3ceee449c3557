#include "apps/holdfast/documents/documents.hpp"

namespace holdfast::app {

namespace {

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const auto word : words)
    text.append(text.empty() ? "" : " ").append(word);
  return text;
}

std::string names_of_commands() {
  std::vector<std::string_view> names;
  for (const auto& command : command_table())
    names.push_back(command.name);
  return joined(names);
}

// With a backslash before each of `special`; for single quotes.
std::string escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (special.find(c) != std::string_view::npos)
      result += '\\';
    result += c;
  }
  return result;
}

} // namespace

std::string bash_completion() {
  std::string own, values, words;
  for (const auto& command : command_table()) {
    std::string options;
    for (const auto& option : command.options)
      options.append(options.empty() ? "" : " ").append("--").append(option.name).append(option.value.empty() ? "" : "=");
    own += "    " + std::string{command.name} + ") own='" + options + "' words='" + joined(command.choices) + "' ;;\n";
  }
  std::string common;
  for (const auto& option : told_options()) {
    common.append(common.empty() ? "--" : " --").append(option.name).append("=");
    if (option.is_path)
      values += "      --" + std::string{option.name} + ") COMPREPLY=($(compgen -f -- \"$word\")) ;;\n";
    else if (!option.choices.empty())
      values += "      --" + std::string{option.name} + ") COMPREPLY=($(compgen -W '" + joined(option.choices) + "' -- \"$word\")) ;;\n";
  }
  return "# Completion of holdfast for bash. Generated; do not edit.\n_holdfast() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} option= command= own= words= i\n"
         "  COMPREPLY=()\n"
         "  # The shell makes three words of --name=value.\n"
         "  if [ \"$word\" = = ]; then\n    option=$before word=\n"
         "  elif [ \"$before\" = = ]; then\n    option=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  else\n    option=$before\n  fi\n"
         "  case $option in\n    --*)\n      case $option in\n"
         + values
         + "      esac\n      [ ${#COMPREPLY[@]} -gt 0 ] && return\n      [ \"$option\" = \"$before\" ] || return 0 ;;\n  esac\n"
           "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "    case ${COMP_WORDS[i]} in -* | =) ;; *) command=${COMP_WORDS[i]}; break ;; esac\n  done\n"
           "  case $command in\n    '') own='--help --version' words='"
         + names_of_commands() + "' ;;\n" + own
         + "  esac\n  if [[ $word == -* ]]; then\n"
           "    [ -z \"$command\" ] || [ \"$command\" = simulate ] || own+=' "
         + common
         + "'\n    COMPREPLY=($(compgen -W \"$own\" -- \"$word\"))\n"
           "    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null\n"
           "  else\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n  fi\n}\ncomplete -F _holdfast holdfast\n";
}

std::string zsh_completion() {
  constexpr std::string_view special = "[]:\\";
  std::string commands, cases, options;
  for (const auto& command : command_table()) {
    commands += "    '" + std::string{command.name} + ':' + escaped(command.meaning, ":") + "'\n";
    std::string own;
    for (const auto& option : command.options)
      own += " '--" + std::string{option.name} + (option.value.empty() ? "" : "=") + '[' + escaped(option.meaning, special) + ']'
             + (option.value.empty() ? "" : ":" + std::string{option.value} + ":") + "'";
    if (!command.choices.empty())
      own += " '1:" + std::string{command.words} + ":(" + joined(command.choices) + ")'";
    if (command.configured)
      own += " $options";
    cases += "    " + std::string{command.name} + ") _arguments" + own + " ;;\n";
  }
  for (const auto& option : told_options())
    options += "    '--" + std::string{option.name} + "=[" + escaped(option.meaning, special) + "]:value:"
               + (option.is_path ? "_files" : option.choices.empty() ? "" : "(" + joined(option.choices) + ")") + "'\n";
  return "#compdef holdfast\n# Completion of holdfast for zsh. Generated; do not edit.\n_holdfast() {\n  local -a commands=(\n" + commands
         + "  )\n  local -a options=(\n" + options
         + "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
           "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n"
         + cases + "  esac\n}\n_holdfast \"$@\"\n";
}

std::string fish_completion() {
  std::string text = "# Completion of holdfast for fish. Generated; do not edit.\ncomplete -c holdfast -f\n"
                     "complete -c holdfast -n __fish_use_subcommand -l help -d 'what the program takes'\n"
                     "complete -c holdfast -n __fish_use_subcommand -l version -d 'which version this is'\n";
  const auto quoted = [](std::string_view meaning) {
    std::string result = "'";
    for (const char c : meaning)
      result.append(c == '\'' || c == '\\' ? "\\" : "").push_back(c);
    return result + "'";
  };
  for (const auto& command : command_table()) {
    text += "complete -c holdfast -n __fish_use_subcommand -a " + std::string{command.name} + " -d " + quoted(command.meaning) + '\n';
    const auto seen = "complete -c holdfast -n '__fish_seen_subcommand_from " + std::string{command.name} + "' ";
    if (!command.choices.empty())
      text += seen + "-a '" + joined(command.choices) + "'\n";
    for (const auto& option : command.options)
      text += seen + "-l " + std::string{option.name} + (option.value.empty() ? "" : " -x") + " -d " + quoted(option.meaning) + '\n';
  }
  for (const auto& option : told_options())
    text += "complete -c holdfast -n 'not __fish_use_subcommand; and not __fish_seen_subcommand_from simulate' -l " + std::string{option.name}
            + (option.is_path ? " -r -F" : option.choices.empty() ? " -x" : " -x -a '" + joined(option.choices) + "'") + " -d "
            + quoted(option.meaning) + '\n';
  return text;
}

} // namespace holdfast::app

// Private to the configuration: what a file in CAF's syntax says. CAF itself takes values of a wrong type and files that end in the
// middle without a word.
#pragma once

#include <optional>
#include <string>

#include <caf/config_value.hpp>

#include "config/option_table.hpp"

namespace holdfast {

// As it would be written on the command line. None where its type is not the option's.
std::optional<std::string> text_of_value(const caf::config_value& value, option_kind kind);

// False: it ends within a group, a list or a line. Pre: CAF can read it.
bool is_whole_file(const std::string& text);

} // namespace holdfast

#include "config/file_values.hpp"

#include <sstream>

#include <caf/actor_system_config.hpp>

namespace holdfast {

namespace {

constexpr const char* end_of_file = "end-of-the-holdfast-file";

// None where one is no text: to leave it out would be to keep more, or less, than was written.
std::optional<std::string> join(const caf::config_value::list& items) {
  std::string text;
  for (const auto& item : items) {
    const auto* word = caf::get_if<std::string>(&item);
    if (!word)
      return std::nullopt;
    text += (text.empty() ? "" : ",") + *word;
  }
  return text;
}

} // namespace

std::optional<std::string> text_of_value(const caf::config_value& value, option_kind kind) {
  switch (kind) {
    case option_kind::text:
      if (const auto* text = caf::get_if<std::string>(&value))
        return *text;
      return std::nullopt;
    case option_kind::list:
      if (const auto* items = caf::get_if<caf::config_value::list>(&value))
        return join(*items);
      return std::nullopt;
    case option_kind::number:
      if (const auto* number = caf::get_if<caf::config_value::integer>(&value))
        return std::to_string(*number);
      return std::nullopt;
    case option_kind::duration:
      if (const auto* length = caf::get_if<caf::timespan>(&value))
        return std::to_string(length->count()) + "ns";
      if (const auto* number = caf::get_if<caf::config_value::integer>(&value); number && *number == 0)
        return "0";
      if (const auto* text = caf::get_if<std::string>(&value))
        return *text;
      return std::nullopt;
  }
  return std::nullopt;
}

// CAF takes the end of a file for the end of whatever was begun: what follows then ends up in it, or in nothing.
bool is_whole_file(const std::string& text) {
  std::istringstream longer{text + "\n" + end_of_file + "=true\n"};
  const auto everything = caf::actor_system_config::parse_config(longer);
  return everything && caf::get_if<bool>(&*everything, std::string{end_of_file});
}

} // namespace holdfast

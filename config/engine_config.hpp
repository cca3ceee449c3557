// The configuration of an engine as a CAF actor system configuration: fields to set, or parse() to fill them from the
// command line, the environment and a file, in this order of weight. A host derives from it or uses it as it is.
//
// After parse() the fields are the whole truth; a host that never parses gets exactly what it sets. Nothing is read
// from the working folder unless `--config-file` names it. CAF's own options go through to CAF, and so do those that a
// derived configuration registers with opt_group{custom_options_, "group"}: on the command line as --group.name=value, in
// the same file in a group of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <caf/actor_system_config.hpp>

#include <holdfast/config/options.hpp>
#include <holdfast/runtime/export.hpp>

namespace holdfast {

// What is wrong with a configuration, in one line; tests false where nothing is.
class config_error {
public:
  config_error() = default;
  // Pre: `text` is not empty.
  explicit config_error(std::string text) : text_{std::move(text)} {}
  explicit operator bool() const noexcept { return !text_.empty(); } // true: something is wrong
  const std::string& text() const noexcept { return text_; } // names the option, the value and what is accepted

private:
  std::string text_;
};

inline std::string to_string(const config_error& error) { return error.text(); } // its text(); empty: nothing is wrong

class HOLDFAST_EXPORT engine_config : public caf::actor_system_config, public options {
public:
  engine_config();

  // `argv[0]` is the program. Words that are no option stay in words(). Called once.
  config_error parse(int argc, char** argv);
  config_error parse(std::vector<std::string> arguments); // the same, without a program

  const std::vector<std::string>& words() const noexcept { return words_; } // in their order
  bool given(std::string_view option) const; // whether anybody set it: the command line, the environment or the file

private:
  struct sorted_arguments;
  const caf::config_option* option_elsewhere(std::string_view name) const;
  config_error sort(const std::vector<std::string>& arguments, sorted_arguments& sorted);
  config_error apply(std::string_view option, std::string_view value, std::string_view from);
  config_error apply_file(const std::string& path);
  config_error apply_file_elsewhere(const caf::settings& given, const std::string& path) const;
  config_error apply_environment();
  config_error apply_key_file();
  config_error check() const;

  std::vector<std::string> words_;
  std::vector<std::string> given_;
};

} // namespace holdfast

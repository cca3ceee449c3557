// The configuration of an engine as a CAF actor system configuration: fields to set, or parse() to fill them from the
// command line, the environment and a file, in this order of weight. A host derives from it or uses it as it is.
//
// After parse() the fields are the whole truth; a host that never parses gets exactly what it sets. Nothing is read
// from the working folder unless `--config-file` names it. CAF's own options go through to CAF.
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
  explicit config_error(std::string text) : text_{std::move(text)} {}
  explicit operator bool() const noexcept { return !text_.empty(); }
  const std::string& text() const noexcept { return text_; }

private:
  std::string text_;
};

inline std::string to_string(const config_error& error) { return error.text(); }

class HOLDFAST_EXPORT engine_config : public caf::actor_system_config, public options {
public:
  engine_config();

  // `argv[0]` is the program. Words that are no option stay in words().
  config_error parse(int argc, char** argv);
  config_error parse(std::vector<std::string> arguments);

  const std::vector<std::string>& words() const noexcept { return words_; }
  bool given(std::string_view option) const;

private:
  config_error apply(std::string_view option, std::string_view value, std::string_view from);
  config_error apply_file(const std::string& path);
  config_error apply_environment();
  config_error apply_key_file();
  config_error check() const;

  std::vector<std::string> words_;
  std::vector<std::string> given_;
};

} // namespace holdfast

#include "config/engine_config.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include <caf/config_value.hpp>
#include <caf/settings.hpp>
#include <sys/stat.h>

#include "config/file_values.hpp"
#include "config/option_table.hpp"
#include "config/password_in_url.hpp"
#include "messages/interfaces.hpp"
#include "runtime/printable.hpp"
#include "runtime/redis_url.hpp"

namespace holdfast {

namespace {

constexpr std::size_t error_bytes_max = 1000;

// One line, whatever was typed into it.
config_error refusal(const std::string& text) { return config_error{printable(text, error_bytes_max)}; }

constexpr off_t key_file_bytes_max = 4096;

config_error wrong(std::string_view option, std::string_view value, std::string_view accepted, std::string_view from) {
  const bool secret = option == "http-token" || (option == "redis-url" && may_hold_password(value))
                      || (option.ends_with("-urls") && names_password(value));
  return refusal(std::string{from} + std::string{option} + ": '" + (secret ? "..." : std::string{value})
                 + "' is not accepted; accepted: " + std::string{accepted});
}

std::string text_of(caf::string_view text) { return {text.begin(), text.end()}; }

// Celery's broker need not be a Redis: one of another kind is none of ours. A URL of Redis that we cannot use is a mistake.
bool is_of_another_broker(std::string_view variable, std::string_view url) {
  const auto scheme = url.substr(0, url.find("://"));
  if (variable != "CELERY_BROKER_URL" || scheme.size() == url.size())
    return false;
  std::string lower;
  for (const char c : scheme)
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower != "unix" && !lower.starts_with("redis");
}

const char* environment(std::string_view name) {
  const auto* value = std::getenv(std::string{name}.c_str());
  return value && *value ? value : nullptr;
}

} // namespace

struct engine_config::sorted_arguments {
  std::vector<std::pair<std::string, std::string>> ours;
  std::vector<std::string> for_caf; // takes --name=value only
  std::string file;
};

engine_config::engine_config() { register_messages(*this); }

bool engine_config::given(std::string_view option) const {
  return std::find(given_.begin(), given_.end(), option) != given_.end();
}

config_error engine_config::apply(std::string_view option, std::string_view value, std::string_view from) {
  const auto* entry = find_option(option);
  if (!entry->field.set(*this, value)) {
    // Its reasons tell no secret, and what is accepted.
    if (const auto url = redis_url::parse(value); option == "redis-url" && !url)
      return refusal(std::string{from} + "redis-url: '" + (may_hold_password(value) ? "..." : std::string{value})
                     + "' is not accepted, " + url.error());
    return wrong(option, value, entry->accepted, from);
  }
  given_.emplace_back(option);
  return {};
}

config_error engine_config::apply_file(const std::string& path) {
  struct stat facts {};
  std::ifstream stream{path};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || !stream)
    return refusal("--config-file: '" + path + "' cannot be read; accepted: a readable file");
  std::stringstream file;
  file << stream.rdbuf();
  if (!is_whole_file(file.str()))
    return refusal("--config-file: '" + path + "' ends within a group or a line; accepted: CAF's configuration syntax");
  if (auto error = actor_system_config::parse(std::vector<std::string>{}, file))
    return refusal("--config-file: '" + path + "' is not CAF's configuration syntax");
  file.clear();
  file.seekg(0);
  if (const auto everything = actor_system_config::parse_config(file))
    if (auto error = apply_file_elsewhere(*everything, path))
      return error;
  const auto group = caf::content(*this).find("holdfast");
  if (group == caf::content(*this).end())
    return {};
  const auto* values = caf::get_if<caf::settings>(&group->second);
  if (!values)
    return refusal("--config-file: 'holdfast' in '" + path + "' is not a group");
  for (const auto& [name, value] : *values) {
    const auto* entry = find_option(name);
    if (!entry)
      return refusal("--config-file: unknown key '" + name + "' in group holdfast of '" + path
                     + "'; --help lists what is known");
    const auto text = text_of_value(value, entry->kind);
    if (!text)
      return wrong(name, to_string(value),
                   entry->kind == option_kind::list ? "a list of texts, as [\"A\", \"B\"]" : entry->accepted, path + ": ");
    if (auto error = apply(name, *text, path + ": "))
      return error;
  }
  return {};
}

// CAF leaves a file's values out of bound variables, and values of another type unmentioned.
config_error engine_config::apply_file_elsewhere(const caf::settings& given, const std::string& path) const {
  for (const auto& option : custom_options_) {
    const auto* value = caf::get_if(&given, option.full_name());
    if (!value)
      continue;
    if (option.check(*value))
      return wrong(text_of(option.full_name()), to_string(*value), "a value of type " + text_of(option.type_name()), path + ": ");
    option.store(*value);
  }
  return {};
}

config_error engine_config::apply_environment() {
  // Whoever means the test networks and writes it another way must not trade on the real ones.
  const auto* testnet = environment("TESTNET_URL");
  if (testnet && std::string_view{testnet} != "true" && std::string_view{testnet} != "false")
    return wrong("TESTNET_URL", testnet, "true, false", "");
  if (testnet && std::string_view{testnet} == "true") {
    spot_urls = {"https://testnet.binance.vision"};
    futures_urls = {"https://testnet.binancefuture.com"};
  }
  if (const auto* key = environment("HOLDFAST_API_KEY"))
    api_key = key;
  for (const auto& entry : option_table())
    for (const auto name : entry.environment) {
      const auto* value = environment(name);
      if (!value || is_of_another_broker(name, value))
        continue;
      // Variables that count seconds by name take a bare number.
      std::string text{value};
      if (name.ends_with("_SECONDS") && text.find_first_not_of("0123456789") == std::string::npos)
        text += "s";
      if (auto error = apply(entry.name, text, std::string{name} + ": "))
        return name.ends_with("_SECONDS") ? wrong(name, value, "a number of seconds, or " + std::string{entry.accepted}, "") : error;
      break;
    }
  return {};
}

config_error engine_config::apply_key_file() {
  if (api_key_file.empty())
    return {};
  struct stat facts {};
  if (::stat(api_key_file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size > key_file_bytes_max)
    return refusal("--api-key-file: '" + api_key_file + "' is no file of at most 4096 bytes; accepted: a readable file");
  if ((facts.st_mode & 077) != 0)
    return refusal("--api-key-file: '" + api_key_file + "' can be read by others; accepted: a file of mode 0600");
  std::ifstream file{api_key_file};
  if (!file)
    return refusal("--api-key-file: '" + api_key_file + "' cannot be read; accepted: a readable file");
  std::getline(file, api_key);
  if (api_key.empty())
    return refusal("--api-key-file: '" + api_key_file + "' holds no key; accepted: a file whose first line is the key");
  return {};
}

config_error engine_config::check() const {
  if (store == "redis" && redis_url.empty())
    return refusal("--store: 'redis' is not accepted without a URL; accepted: auto, embedded, or redis with --redis-url");
  const auto address = parse_http_address(http);
  if (address && !address->loopback && http_token.empty())
    return refusal("--http: '" + http
                   + "' is not accepted without --http-token; accepted: a loopback address, or any with a token");
  for (const char c : api_key)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return refusal("the API key (HOLDFAST_API_KEY or --api-key-file) holds a blank or control character; accepted: text without them");
  return {};
}

config_error engine_config::parse(int argc, char** argv) {
  return parse(argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>{});
}

// Options of the host, and CAF's own: CAF fills them in. Its help knows nothing of ours and is the host's to give.
const caf::config_option* engine_config::option_elsewhere(std::string_view name) const {
  return name == "help" || name == "long-help" ? nullptr : custom_options_.cli_long_name_lookup({name.data(), name.size()});
}

config_error engine_config::sort(const std::vector<std::string>& arguments, sorted_arguments& sorted) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("--") || argument == "--") {
      words_.emplace_back(argument);
      continue;
    }
    const auto equals = argument.find('=');
    const std::string name{argument.substr(2, equals == std::string_view::npos ? equals : equals - 2)};
    const bool ours = name == "config-file" || find_option(name) != nullptr;
    const auto* elsewhere = ours ? nullptr : option_elsewhere(name);
    if (!ours && !elsewhere)
      return refusal("--" + name + ": unknown option; `holdfast --help` lists those of holdfast");
    if (elsewhere && elsewhere->is_flag()) {
      sorted.for_caf.emplace_back(argument);
      continue;
    }
    std::string value;
    if (equals != std::string_view::npos)
      value = argument.substr(equals + 1);
    else if (i + 1 < arguments.size())
      value = arguments[++i];
    else
      return refusal("--" + name + ": a value is missing" + (find_option(name) ? "; accepted: " + std::string{find_option(name)->accepted} : ""));
    if (elsewhere)
      sorted.for_caf.push_back("--" + name + '=' + value);
    else if (name == "config-file")
      sorted.file = value;
    else
      sorted.ours.emplace_back(name, std::move(value));
  }
  return {};
}

config_error engine_config::parse(std::vector<std::string> arguments) {
  sorted_arguments sorted;
  if (auto error = sort(arguments, sorted))
    return error;
  if (!sorted.file.empty())
    if (auto error = apply_file(sorted.file))
      return error;
  std::istringstream nothing;
  if (auto error = actor_system_config::parse(sorted.for_caf, nothing))
    return refusal("an option of CAF or of the host is not accepted: " + caf::to_string(error));
  if (auto error = apply_environment())
    return error;
  for (const auto& [name, value] : sorted.ours)
    if (auto error = apply(name, value, "--"))
      return error;
  const bool file_on_command_line = std::any_of(sorted.ours.begin(), sorted.ours.end(),
                                                [](const auto& one) { return one.first == "api-key-file"; });
  if (file_on_command_line || !environment("HOLDFAST_API_KEY"))
    if (auto error = apply_key_file())
      return error;
  return check();
}

} // namespace holdfast

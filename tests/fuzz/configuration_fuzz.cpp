// A configuration: lines "arg WORD" and "env NAME=VALUE", then, behind a line "file", the text of a configuration file. No
// crash; what is taken is within its bounds; what is refused is refused in one line that holds no secret.
#include <cstdlib>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "config/engine_config.hpp"
#include "config/option_table.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace holdfast {
namespace {

using fuzz::expect;

constexpr std::string_view planted = "SECRETofTheTest";

class environment {
public:
  ~environment() {
    for (const auto& name : set_)
      ::unsetenv(name.c_str());
  }
  void set(std::string_view line) {
    const auto equals = line.find('=');
    const std::string name{line.substr(0, equals)};
    if (equals == line.npos || !known(name) || line.find('\0') != line.npos)
      return;
    ::setenv(name.c_str(), std::string{line.substr(equals + 1)}.c_str(), 1);
    set_.push_back(name);
  }

private:
  static bool known(const std::string& name) {
    for (const auto& option : option_table())
      if (std::find(option.environment.begin(), option.environment.end(), name) != option.environment.end())
        return true;
    return name == "TESTNET_URL" || name == "HOLDFAST_API_KEY";
  }
  std::vector<std::string> set_;
};

class file_in_memory {
public:
  explicit file_in_memory(std::string_view text) : handle_{::memfd_create("configuration", MFD_CLOEXEC)} {
    expect(::pwrite(handle_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()), "no memory for a file");
  }
  ~file_in_memory() { ::close(handle_); }
  file_in_memory(const file_in_memory&) = delete;
  file_in_memory& operator=(const file_in_memory&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(handle_); }

private:
  int handle_;
};

void check_taken(const engine_config& config) {
  const auto year = std::chrono::hours{24 * 366};
  for (const auto which : all_markets) {
    expect(config.ttl(which).count() > 0 && config.ttl(which) <= year, "a TTL out of bounds");
    expect(config.warmup_interval(which).count() >= 0 && config.warmup_interval(which) <= year, "an interval out of bounds");
    expect(!config.urls(which).empty(), "no exchange");
  }
  expect(config.fetch_timeout.count() > 0 && config.redis_command_timeout.count() > 0, "no deadline");
  const auto address = parse_http_address(config.http);
  expect(!address || address->loopback || !config.http_token.empty(), "open to everybody");
}

void check(std::string_view input) {
  fuzz::input_reader reader{input};
  environment variables;
  std::vector<std::string> words;
  bool with_file = false;
  while (!reader.empty() && !with_file) {
    const auto line = reader.line();
    with_file = line == "file";
    // Files of this machine are not what is tried.
    if (line.starts_with("arg ") && line.find("-file") == line.npos)
      words.emplace_back(line.substr(4));
    if (line.starts_with("env "))
      variables.set(line.substr(4));
  }
  const auto file_text = with_file ? reader.rest() : std::string_view{};
  if (file_text.find("api-key-file") != file_text.npos)
    return;
  const file_in_memory file{file_text};
  if (with_file)
    words.push_back("--config-file=" + file.path());
  engine_config config;
  const auto error = config.parse(std::move(words));
  if (!error)
    return check_taken(config);
  for (const char c : error.text())
    expect(static_cast<unsigned char>(c) >= 0x20, "an error of more than one line: " + error.text());
  expect(error.text().find(planted) == std::string::npos || input.find("http-token=SECRET") == input.npos,
         "an error tells a secret: " + error.text());
}

} // namespace
} // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

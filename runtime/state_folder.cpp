#include "runtime/state_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace holdfast {

namespace {

std::string usual_path() {
  const auto* state_home = std::getenv("XDG_STATE_HOME");
  if (state_home && *state_home == '/')
    return std::string{state_home} + "/holdfast";
  const auto* home = std::getenv("HOME");
  return home && *home ? std::string{home} + "/.local/state/holdfast" : std::string{};
}

} // namespace

state_folder state_folder::open(const std::string& wanted) {
  const auto path = wanted.empty() ? usual_path() : wanted;
  if (path.empty())
    return {{}, "no state folder: neither XDG_STATE_HOME nor HOME is set"};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return {{}, path + ": " + std::strerror(errno)};
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return {{}, path + ": " + std::strerror(errno)};
  return {path, {}};
}

} // namespace holdfast

#include "runtime/state_folder.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
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

bool allows(const std::string& path, int what) { return ::faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0; }

state_folder unusable(const std::string& path, int error) {
  state_folder folder;
  folder.problem = path + ": " + std::strerror(error);
  if (allows(path, R_OK | X_OK))
    folder.readable = path;
  return folder;
}

std::string openness(const std::string& path, const struct stat& found) {
  if (found.st_uid != ::geteuid())
    return path + " belongs to another user, who can read and change what is kept there";
  if ((found.st_mode & 077) == 0)
    return {};
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", found.st_mode & 07777u);
  return path + " is open to other users (mode " + mode + "), 0700 is recommended";
}

} // namespace

state_folder state_folder::open(const std::string& wanted) {
  const auto path = wanted.empty() ? usual_path() : wanted;
  if (path.empty())
    return {{}, "no state folder: neither XDG_STATE_HOME nor HOME is set", {}, {}};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return unusable(path, errno);
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0)
    return unusable(path, errno);
  if (!S_ISDIR(found.st_mode))
    return {{}, path + ": " + std::strerror(ENOTDIR), {}, {}};
  if (!allows(path, W_OK | X_OK))
    return unusable(path, errno);
  return {path, {}, path, openness(path, found)};
}

} // namespace holdfast

// A program that runs for one test and is gone, with what it started in its process group, at the end of the scope.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::test {

class child_process {
public:
  // `arguments` with the program first, found through PATH; what it prints goes to `output`.
  explicit child_process(const std::vector<std::string>& arguments, const std::string& output = "/dev/null") {
    std::vector<char*> words;
    for (const auto& argument : arguments)
      words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (::posix_spawnp(&process_, words.front(), &files, &attributes, words.data(), environ) != 0)
      process_ = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
  }
  ~child_process() { end(SIGKILL); }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  bool started() const noexcept { return process_ > 0; }
  // The exit status, or -1 where it was ended by a signal or never ran.
  int wait() {
    int status = -1;
    if (process_ > 0)
      ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int end(int signal) {
    if (process_ > 0)
      ::kill(-process_, signal);
    return wait();
  }

private:
  pid_t process_ = -1;
};

// Whether a program can be found.
inline bool has_program(const std::string& name) {
  child_process look{{"sh", "-c", "command -v " + name}};
  return look.wait() == 0;
}

// A TCP port of 127.0.0.1 that nobody listened on a moment ago.
inline int free_port() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = ::bind(handle, reinterpret_cast<const sockaddr*>(&address), size) == 0
                     && ::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(handle);
  return bound ? ntohs(address.sin_port) : 0;
}

} // namespace holdfast::test

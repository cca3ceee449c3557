// A program on a terminal of its own, as if somebody sat before it: what it shows, keys, and another size.
#pragma once

#include <array>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char** environ;

namespace holdfast::test {

class terminal_process {
public:
  terminal_process(const std::string& program, std::vector<std::string> arguments, unsigned short columns,
                   unsigned short rows) {
    ours_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    std::array<char, 64> name{};
    if (ours_ < 0 || ::grantpt(ours_) != 0 || ::unlockpt(ours_) != 0
        || ::ptsname_r(ours_, name.data(), name.size()) != 0)
      return;
    resize(columns, rows);
    theirs_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC); // so that the terminal outlives the program
    ::tcgetattr(theirs_, &before_);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    // The first terminal that the leader of a session opens is its own: changes of its size are told to it.
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, name.data(), O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    arguments.insert(arguments.begin(), program);
    std::vector<char*> words;
    for (auto& word : arguments)
      words.push_back(word.data());
    words.push_back(nullptr);
    if (::posix_spawn(&process_, program.c_str(), &files, &attributes, words.data(), environ) != 0)
      process_ = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
  }
  ~terminal_process() {
    send(SIGKILL);
    wait();
    for (const int handle : {ours_, theirs_})
      if (handle >= 0)
        ::close(handle);
  }
  terminal_process(const terminal_process&) = delete;
  terminal_process& operator=(const terminal_process&) = delete;

  void resize(unsigned short columns, unsigned short rows) const {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = rows;
    ::ioctl(ours_, TIOCSWINSZ, &size);
  }
  bool type(std::string_view keys) const {
    return ::write(ours_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size());
  }
  void send(int signal) const {
    if (process_ > 0)
      ::kill(process_, signal);
  }
  // All that was shown so far.
  const std::string& shown() {
    std::array<char, 4096> buffer;
    for (pollfd wait{ours_, POLLIN, 0}; ::poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN) != 0;) {
      const auto got = ::read(ours_, buffer.data(), buffer.size());
      if (got <= 0)
        break;
      shown_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return shown_;
  }
  // Whether it is as it was before: keys come by the line and are echoed.
  bool is_given_back() const {
    termios now{};
    return ::tcgetattr(theirs_, &now) == 0 && now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag
           && now.c_oflag == before_.c_oflag;
  }
  bool has_ended() {
    if (process_ > 0 && ::waitpid(process_, &status_, WNOHANG) == process_)
      process_ = -1;
    return process_ < 0;
  }
  // Its exit status; -1: ended by a signal, or never ran.
  int wait() {
    if (process_ > 0)
      ::waitpid(process_, &status_, 0);
    process_ = -1;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }

private:
  pid_t process_ = -1;
  int status_ = -1;
  int ours_ = -1;
  int theirs_ = -1;
  termios before_{};
  std::string shown_;
};

} // namespace holdfast::test

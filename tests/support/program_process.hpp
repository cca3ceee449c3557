// The program `holdfast` as a process of its own, with what it prints.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/clock.hpp"

extern char** environ;

namespace holdfast::test {

class program_process {
public:
  // Standard output and error go into one pipe.
  explicit program_process(std::vector<std::string> arguments) : program_process{HOLDFAST_PROGRAM, std::move(arguments)} {}
  program_process(const std::string& program, std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    arguments.insert(arguments.begin(), program);
    std::vector<char*> words;
    for (auto& word : arguments)
      words.push_back(word.data());
    words.push_back(nullptr);
    if (::posix_spawn(&process_, program.c_str(), &actions, nullptr, words.data(), environ) != 0)
      process_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~program_process() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    if (pipe_ >= 0)
      ::close(pipe_);
  }
  program_process(const program_process&) = delete;
  program_process& operator=(const program_process&) = delete;

  // What was printed until it ended, or until `text` came; 20 s at most.
  const std::string& read_until(std::string_view text) {
    const auto give_up = boot_clock::now() + std::chrono::seconds{20};
    while (printed_.find(text) == std::string::npos || text.empty()) {
      pollfd wait{pipe_, POLLIN, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(give_up - boot_clock::now()).count();
      std::array<char, 4096> buffer;
      if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0)
        break;
      const auto got = ::read(pipe_, buffer.data(), buffer.size());
      if (got <= 0)
        break;
      printed_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return printed_;
  }
  const std::string& read_to_the_end() { return read_until({}); }
  // No file of it grows past `bytes`, as on a disk that is full; RLIM_INFINITY: as before. A signal tells it of every try, which
  // it must have been started to ignore.
  bool limit_files(rlim_t bytes) const {
    rlimit now{};
    if (::prlimit(process_, RLIMIT_FSIZE, nullptr, &now) != 0)
      return false;
    now.rlim_cur = std::min(bytes, now.rlim_max);
    return ::prlimit(process_, RLIMIT_FSIZE, &now, nullptr) == 0;
  }
  void send(int signal) const { ::kill(process_, signal); }
  // Returns once all its threads stand still; SIGCONT lets them go on.
  void freeze() const {
    ::kill(process_, SIGSTOP);
    ::waitpid(process_, nullptr, WUNTRACED);
  }
  // Its exit status, -1 for a death by a signal.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(process_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  pid_t process_ = -1;
  int pipe_ = -1;
  std::string printed_;
};

struct program_result {
  int status = -1;
  std::string text;
};

// Runs it to its end.
inline program_result run_program(std::vector<std::string> arguments) {
  program_process process{std::move(arguments)};
  auto text = process.read_to_the_end();
  return {process.wait(), std::move(text)};
}

} // namespace holdfast::test

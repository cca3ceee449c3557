// A process that asks one rate limit again and again for a while, then writes down when each of its admissions was asked for
// and answered, as two numbers of the boot clock a line, and ends.
#pragma once

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::test {

struct admission {
  std::int64_t asked_ns;
  std::int64_t answered_ns;
};

class hammering_process {
public:
  // `mode`: exact, smooth or leased. Everything of it is in `folder`.
  hammering_process(const std::string& redis_url, std::string folder, const std::string& key, std::int64_t limit,
                    std::int64_t window_ms, const std::string& mode, std::int64_t run_ms)
    : folder_{std::move(folder)} {
    const std::vector<std::string> words{HOLDFAST_HAMMERING_PROCESS,   redis_url, folder_, key, std::to_string(limit),
                                         std::to_string(window_ms), mode,      std::to_string(run_ms)};
    std::vector<char*> arguments;
    for (const auto& word : words)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
  }
  ~hammering_process() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
  }
  hammering_process(const hammering_process&) = delete;
  hammering_process& operator=(const hammering_process&) = delete;

  // Waits for its end; false where it did not end well.
  bool collect(std::vector<admission>& into) {
    int status = 0;
    ::waitpid(std::exchange(process_, 0), &status, 0);
    std::ifstream file{folder_ + "/admissions"};
    for (admission one{}; file >> one.asked_ns >> one.answered_ns;)
      into.push_back(one);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

private:
  std::string folder_;
  pid_t process_ = 0;
};

} // namespace holdfast::test

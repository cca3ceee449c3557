// Runs a command line as a user would, for tests of programs.
#pragma once

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include <sys/wait.h>

namespace holdfast::test {

struct outcome {
  int status = -1;
  std::string text; // standard output and error
};

inline outcome run_shell(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(("( " + command + " ) 2>&1").c_str(), "r"), [](FILE*) { return 0; }};
  outcome result;
  std::array<char, 4096> buffer;
  while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    result.text.append(buffer.data(), size);
  const int status = ::pclose(pipe.get());
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

} // namespace holdfast::test

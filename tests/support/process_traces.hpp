// What this process holds of the machine: threads, descriptors, mapped memory; and what a library must leave alone.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <system_error>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace holdfast::test {

inline std::size_t entries_of(const char* folder) {
  std::size_t count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    ++count;
  return count;
}

inline std::size_t thread_count() { return entries_of("/proc/self/task"); }

// Of this name.
inline std::size_t thread_count(const std::string& name) {
  std::size_t count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at{"/proc/self/task", error}, end; !error && at != end; at.increment(error)) {
    std::ifstream task{at->path() / "comm"};
    std::string known;
    count += std::getline(task, known) && known == name;
  }
  return count;
}

// The TCP port that a descriptor is bound to on this side; 0 for whatever is no such socket.
inline int local_port(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  const bool bound = ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.sin_family == AF_INET;
  return bound ? ntohs(address.sin_port) : 0;
}

// Where every open descriptor leads, but for the one that looks and for those of a server in this process.
inline std::multiset<std::string> open_files(int server_port) {
  std::multiset<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at{"/proc/self/fd", error}, end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(at->path(), gone);
    const bool servers = server_port != 0 && local_port(std::stoi(at->path().filename().string())) == server_port;
    if (!gone && !servers && !target.string().ends_with("/fd"))
      found.insert(target.string());
  }
  return found;
}

// A field of /proc/self/status in KiB, "VmRSS" for one.
inline std::size_t status_kib(const std::string& field) {
  std::ifstream status{"/proc/self/status"};
  std::string word;
  while (status >> word)
    if (word == field + ':') {
      std::size_t value = 0;
      status >> value;
      return value;
    }
  return 0;
}

// Handlers, the calling thread's mask, the file mode mask, the working folder.
struct process_settings {
  std::array<struct sigaction, 65> actions{};
  sigset_t mask{};
  mode_t file_mask = 0;
  std::string folder;

  static process_settings now() {
    process_settings all;
    for (int signal = 1; signal < 65; ++signal)
      ::sigaction(signal, nullptr, &all.actions[static_cast<std::size_t>(signal)]);
    ::pthread_sigmask(SIG_SETMASK, nullptr, &all.mask);
    all.file_mask = ::umask(0);
    ::umask(all.file_mask);
    all.folder = std::filesystem::current_path().string();
    return all;
  }
  // Empty: none.
  std::string difference_to(const process_settings& other) const {
    for (int signal = 1; signal < 65; ++signal) {
      const auto& one = actions[static_cast<std::size_t>(signal)];
      const auto& two = other.actions[static_cast<std::size_t>(signal)];
      if (one.sa_handler != two.sa_handler || one.sa_flags != two.sa_flags
          || sigismember(&mask, signal) != sigismember(&other.mask, signal))
        return "signal " + std::to_string(signal);
    }
    return file_mask != other.file_mask ? "file mode mask" : folder != other.folder ? "working folder" : "";
  }
};

} // namespace holdfast::test

// A process that counts as fast as it is let and is there to be killed: what each of its threads had begun and finished is in
// a file that both sides map, so that whoever killed it knows.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.hpp"

namespace holdfast::test {

inline constexpr unsigned counting_threads = 2;
inline constexpr unsigned counting_keys = 20;

// Only grows, over all processes that count into the same tally.
struct counting_tally {
  struct cell {
    std::atomic<std::uint64_t> begun;
    std::atomic<std::uint64_t> finished;
  };
  std::atomic<std::uint64_t> running; // processes that came to counting
  cell cells[counting_threads][counting_keys];
};

inline std::string counting_key(unsigned number) { return "metrics:torture:k" + std::to_string(number); }

// An engine that only counts.
inline void prepare_counting(engine_config& config, const std::string& redis_url, const std::string& state_dir) {
  config.redis_url = redis_url;
  config.state_dir = state_dir;
  config.spot_urls = config.futures_urls = {"http://127.0.0.1:1"};
  config.spot_warmup_interval = config.futures_warmup_interval = std::chrono::nanoseconds{0};
  config.flush_interval = std::chrono::milliseconds{5};
  config.http = "off";
}

class shared_tally {
public:
  explicit shared_tally(std::string path) : path_{std::move(path)} {
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(counting_tally)) != 0)
      throw std::runtime_error{"no tally"};
    memory_ = ::mmap(nullptr, sizeof(counting_tally), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (memory_ == MAP_FAILED)
      throw std::runtime_error{"no tally"};
  }
  ~shared_tally() { ::munmap(memory_, sizeof(counting_tally)); }
  shared_tally(const shared_tally&) = delete;
  shared_tally& operator=(const shared_tally&) = delete;

  counting_tally& operator*() const { return *static_cast<counting_tally*>(memory_); }
  counting_tally* operator->() const { return static_cast<counting_tally*>(memory_); }
  const std::string& path() const { return path_; }

  // Of all threads together.
  std::uint64_t begun(unsigned key) const { return sum(key, &counting_tally::cell::begun); }
  std::uint64_t finished(unsigned key) const { return sum(key, &counting_tally::cell::finished); }

private:
  std::uint64_t sum(unsigned key, std::atomic<std::uint64_t> counting_tally::cell::*which) const {
    std::uint64_t total = 0;
    for (const auto& cells : (**this).cells)
      total += cells[key].*which;
    return total;
  }

  std::string path_;
  void* memory_ = nullptr;
};

// Killed at the end of the scope at the latest.
class counting_process {
public:
  counting_process(const std::string& redis_url, const std::string& state_dir, const std::string& tally) {
    const std::vector<std::string> words{HOLDFAST_COUNTING_PROCESS, redis_url, state_dir, tally};
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
  ~counting_process() { kill(); }
  counting_process(const counting_process&) = delete;
  counting_process& operator=(const counting_process&) = delete;

  void kill() {
    if (process_ <= 0)
      return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

private:
  pid_t process_ = 0;
};

} // namespace holdfast::test

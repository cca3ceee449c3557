// Threads of this process that count in rounds: so many increments per thread, spread over the counters, whenever a
// round is let go, or one round after the other.
//
// Threads  some of its own; every member function but finish(): any. What was counted is exact after finish().
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

#include "engine/engine.hpp"
#include "tests/support/runtime_wait.hpp"

namespace holdfast::test {

inline constexpr unsigned counters = 50;
inline constexpr unsigned crowd_threads = 4;

inline std::string key_of(unsigned number) { return "metrics:torture:c" + std::to_string(number); }

class crowd {
public:
  crowd(engine& front, std::uint64_t per_round) {
    for (unsigned thread = 0; thread < crowd_threads; ++thread)
      workers_.emplace_back([this, &front, per_round, thread] { work(front, per_round, thread); });
  }
  ~crowd() { finish(); }
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  void next_round() { ++rounds_; }
  void go_on() { steady_ = true; } // a round about every millisecond until finish()
  void finish() {
    stop_ = true;
    for (auto& worker : workers_)
      if (worker.joinable())
        worker.join();
  }
  bool counts_on() const {
    const auto before = counted();
    return wait_until([&] { return counted() > before; });
  }
  std::uint64_t counted() const { return counted_; }
  std::uint64_t counted(unsigned key) const { return of_key_[key]; }

private:
  void work(engine& front, std::uint64_t per_round, unsigned thread) {
    std::vector<holdfast::counter> handles;
    for (unsigned key = 0; key < counters; ++key)
      handles.push_back(front.counter(key_of(key)));
    for (unsigned done = 0; !stop_ || done < rounds_;) {
      const bool let_go = done < rounds_;
      if (let_go || steady_)
        count(handles, per_round, thread);
      if (let_go)
        ++done;
      else
        ::poll(nullptr, 0, 1);
    }
  }
  void count(std::vector<holdfast::counter>& handles, std::uint64_t per_round, unsigned thread) {
    std::vector<std::uint64_t> mine(counters);
    for (std::uint64_t i = 0; i < per_round; ++i) {
      const auto key = (i + thread) % counters;
      handles[key].incr();
      ++mine[key];
    }
    for (unsigned key = 0; key < counters; ++key)
      of_key_[key] += mine[key];
    counted_ += per_round;
  }

  std::atomic<unsigned> rounds_{0};
  std::atomic<bool> steady_{false};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> counted_{0};
  std::array<std::atomic<std::uint64_t>, counters> of_key_{};
  std::vector<std::thread> workers_;
};

} // namespace holdfast::test

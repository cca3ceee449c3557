// Exponential backoff with full jitter: the n-th wait is uniform in [0, min(first * 2^n, most)].
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace holdfast {

class backoff {
public:
  using duration = std::chrono::nanoseconds;

  backoff() : backoff{std::chrono::milliseconds{250}, std::chrono::seconds{10}, std::random_device{}()} {}
  // Pre: 0 < first <= most.
  backoff(duration first, duration most, std::uint64_t seed) : first_{first}, most_{most}, ceiling_{first}, random_{seed} {}

  // The wait before the next try.
  duration next() {
    std::uniform_int_distribution<duration::rep> within{0, ceiling_.count()};
    const duration wait{within(random_)};
    ceiling_ = std::min(ceiling_ * 2, most_);
    return wait;
  }
  // The longest that next() can answer now.
  duration ceiling() const noexcept { return ceiling_; }
  // After a proven success.
  void reset() noexcept { ceiling_ = first_; }

private:
  duration first_;
  duration most_;
  duration ceiling_;
  std::mt19937_64 random_;
};

} // namespace holdfast

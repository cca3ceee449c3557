// What happened in one run: a hash of everything, the last events as text, and the first invariant that did not hold.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "tests/simulation/clocks.hpp"

namespace holdfast::simulation {

class journal {
public:
  explicit journal(const world_time& now, bool keeps_all) : now_{now}, keeps_all_{keeps_all} {}

  void note(std::string_view what);
  // Part of the hash alone.
  void mix(std::uint64_t number) noexcept { hash_ = (hash_ ^ number) * 1099511628211u; }

  // An invariant does not hold; the first one counts.
  void violate(std::string what);

  const std::string& violation() const noexcept { return violation_; }
  std::uint64_t hash() const noexcept { return hash_; }
  // One line per event, the oldest first.
  std::string story() const;

private:
  static constexpr std::size_t kept_max = 120;

  const world_time& now_;
  bool keeps_all_;
  std::uint64_t hash_ = 14695981039346656037u;
  std::deque<std::string> events_;
  std::string violation_;
};

} // namespace holdfast::simulation

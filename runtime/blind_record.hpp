// What one process admitted under one key, as far as it must know that without the store: shared by all limits of the key,
// whatever their options, so that none of them begins a share of its own.
//
// Crowd    keys for which there is no place (limiter_registry.hpp) take their shares from one record in common: what is there
//          was admitted to any of them, and counts for the longest of their windows. That admits less, never more.
// Threads  any: one mutex, which no hot path takes.
// Fork     in a child the mutex may be locked for ever: only what is atomic may be asked there, forked() first.
// Bounds   12 KB, and 16 numbers for what the store has not heard of: parts of a window, of which those count that lie in
//          the window as a whole. So the store is told no more than the window still holds, and no less than came in its
//          last 15/16.
// Restart  nothing is kept.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/rate_decision.hpp>

#include "runtime/own_process.hpp"

namespace holdfast {

// How long a refusal of the store is taken for the truth: somebody may have deleted the key since.
inline constexpr std::chrono::nanoseconds refusal_trust = std::chrono::seconds{5};

class blind_record {
public:
  // Pre: window_us > 0, the window of the key's first limit. `crowd`: takes its shares from there; null: from its own.
  explicit blind_record(std::int64_t window_us, own_process process = {}, std::shared_ptr<blind_record> crowd = nullptr) noexcept
    : process_{process}, crowd_{std::move(crowd)}, window_us_{window_us}, part_us_{(window_us + parts - 1) / parts} {}

  // We are a child of the process that keeps it.
  bool forked() const noexcept { return process_.forked(); }

  // Whether the share still holds so much; it is taken if so. Times are microseconds of the boot clock.
  rate_verdict take_share(const rate_rule& share, std::uint32_t amount, std::int64_t now_us);
  // The store admitted so much for us: it counts for the share.
  void admitted_by_store(const rate_rule& share, std::int64_t amount, std::int64_t now_us);

  void admitted_blindly(std::uint32_t amount, std::int64_t now_us) noexcept;
  // Of what was admitted blindly: what the store has not been told of and a window that ends now still holds.
  std::int64_t untold(std::int64_t window_us, std::int64_t now_us) const noexcept;
  void told(std::int64_t amount) noexcept;
  // Something was admitted blindly less than a window ago.
  bool is_young(std::int64_t now_us) const noexcept;

  // Until then the store is not asked. 0: it is.
  boot_time::rep away_until() const noexcept { return away_until_.load(std::memory_order_relaxed); }
  void set_away_until(boot_time::rep until) noexcept { away_until_.store(until, std::memory_order_relaxed); }

  // True for one caller in `refusal_trust`: the store is to be asked though it refused for longer.
  bool doubts_refusal(boot_time::rep now) noexcept;
  // The store has refused.
  void trust_refusal(boot_time::rep now) noexcept;
  // The store has admitted. If that was doubted, other limits of the key may ask it at once, too.
  void note_admission() noexcept;

private:
  static constexpr std::int64_t parts = 16;
  std::int64_t& part(std::int64_t index) noexcept { return untold_[static_cast<std::size_t>(index % parts)]; }
  rate_rule of_longest_window(rate_rule share) noexcept;

  const own_process process_;
  const std::shared_ptr<blind_record> crowd_;
  const std::int64_t window_us_;
  const std::int64_t part_us_;
  std::atomic<boot_time::rep> away_until_{0};
  std::atomic<boot_time::rep> trusted_until_{0}; // refusals of the key
  std::atomic<bool> in_doubt_{false};            // the store is asked whether one still holds
  mutable std::mutex mutex_;
  std::string share_; // rolling window of what this process was admitted
  std::int64_t longest_us_ = 0; // window of those whose crowd this is
  std::array<std::int64_t, parts> untold_{};
  std::int64_t newest_ = 0; // part, by its number since the boot clock's zero
  std::int64_t blind_at_us_ = -1; // negative: never
};

} // namespace holdfast

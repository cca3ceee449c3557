// The limits of one process by key, so that whoever asks for the same limit shares its leases, and whoever asks for the same
// key what is known of it without the store.
//
// Threads  any.
// Bounds   10,000 keys are shared; those that nobody holds, and under which nothing was admitted blindly for a window, make
//          room. What comes after that is kept by whoever holds it, without leases: the store decides every time, and
//          without it one of 4,096 shares that the keys beyond have in common (blind_record.hpp). Of one key four limits
//          are kept, which differ in their rule or options; the oldest makes room.
// Fork     a child's limits have no share: they refuse unless their policy is `open`, and count for nobody.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <holdfast/runtime/blind_record.hpp>
#include <holdfast/runtime/limiter_core.hpp>

namespace holdfast {

class limiter_registry {
public:
  using counters_of = std::function<limiter_counters(const std::string& action)>;

  limiter_registry(clock_ptr clock, counters_of counters);

  // The limit of this key with this rule and these options.
  limiter_core_ptr find(const rate_limit& what);

  std::size_t size() const;
  void set_processes(std::int64_t number) noexcept { processes_->store(number, std::memory_order_relaxed); }
  std::int64_t processes() const noexcept { return processes_->load(std::memory_order_relaxed); }

private:
  struct known_key {
    std::shared_ptr<blind_record> blind;
    std::vector<limiter_core_ptr> cores;
  };
  bool make_room();
  limiter_core_ptr make(const rate_limit& what, const limiter_counters& counts, std::shared_ptr<blind_record> blind) const;
  limiter_core_ptr of_crowd(rate_limit what);

  const own_process process_;
  const clock_ptr clock_;
  const counters_of counters_;
  const std::shared_ptr<std::atomic<std::int64_t>> processes_ = std::make_shared<std::atomic<std::int64_t>>(1);
  mutable std::mutex mutex_;
  std::map<std::string, known_key, std::less<>> known_;
  std::vector<std::shared_ptr<blind_record>> crowds_; // null: nobody's yet
  boot_time room_again_{}; // not worth looking earlier
};

using limiter_registry_ptr = std::shared_ptr<limiter_registry>;

} // namespace holdfast

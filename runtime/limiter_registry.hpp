// The limits of one process by key, so that whoever asks for the same limit shares its leases and its local window.
//
// Threads  any.
// Bounds   10,000 limits are shared; those that nobody holds make room. What comes after that is kept by whoever holds it,
//          and shares nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <holdfast/runtime/limiter_core.hpp>

namespace holdfast {

class limiter_registry {
public:
  using counters_of = std::function<limiter_counters(const std::string& action)>;

  limiter_registry(clock_ptr clock, counters_of counters);

  // The limit of this key; with another rule or other options than before it begins anew.
  limiter_core_ptr find(const rate_limit& what);

  std::size_t size() const;
  void set_processes(std::int64_t number) noexcept { processes_->store(number, std::memory_order_relaxed); }
  std::int64_t processes() const noexcept { return processes_->load(std::memory_order_relaxed); }

private:
  void make_room();

  const clock_ptr clock_;
  const counters_of counters_;
  const std::shared_ptr<std::atomic<std::int64_t>> processes_ = std::make_shared<std::atomic<std::int64_t>>(1);
  mutable std::mutex mutex_;
  std::map<std::string, limiter_core_ptr, std::less<>> known_;
};

using limiter_registry_ptr = std::shared_ptr<limiter_registry>;

} // namespace holdfast

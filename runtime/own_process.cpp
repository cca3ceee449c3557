#include "runtime/own_process.hpp"

#include <pthread.h>

namespace holdfast {

constinit std::atomic<std::uint32_t> own_process::forks_{0};
constinit std::atomic<boot_time> own_process::forked_at_{boot_time::min()};

own_process::own_process() noexcept {
  watch();
  depth_ = forks_.load(std::memory_order_relaxed);
}

void own_process::watch() noexcept {
  static const int watching = ::pthread_atfork(nullptr, nullptr, in_child);
  (void)watching;
}

void own_process::in_child() noexcept {
  forks_.fetch_add(1, std::memory_order_relaxed);
  forked_at_.store(boot_clock::now(), std::memory_order_relaxed);
}

} // namespace holdfast

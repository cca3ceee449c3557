// Private: the way from limiter handles to an engine's rate limiter, closed before the engine ends.
#pragma once

#include <mutex>
#include <utility>

#include <caf/send.hpp>

#include "messages/interfaces.hpp"
#include "runtime/counter_ledger.hpp"

namespace holdfast {

class limiter_access {
public:
  limiter_access(rate_limiter_actor whom, clock_ptr clock, std::shared_ptr<const counter_ledger> ledger)
    : clock_{std::move(clock)}, ledger_{std::move(ledger)}, whom_{std::move(whom)} {}

  const clock_ptr& clock() const noexcept { return clock_; }

  // False where nobody is there any more: the engine has ended, or we are a forked child.
  template <class Message>
  bool send(Message&& message) {
    // Before the lock: in a child it may be held by a thread of the parent's, for ever.
    if (ledger_->forked())
      return false;
    const std::lock_guard guard{mutex_};
    if (!whom_)
      return false;
    caf::anon_send(whom_, std::forward<Message>(message));
    return true;
  }
  void close() {
    const std::lock_guard guard{mutex_};
    whom_ = nullptr;
  }

private:
  const clock_ptr clock_;
  const std::shared_ptr<const counter_ledger> ledger_;
  std::mutex mutex_;
  rate_limiter_actor whom_;
};

} // namespace holdfast

#include "runtime/ledger_sync.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include "runtime/log.hpp"
#include "runtime/starting_thread.hpp"

namespace holdfast {

ledger_sync::ledger_sync(std::shared_ptr<counter_ledger> ledger, std::chrono::nanoseconds interval)
  : ledger_{std::move(ledger)} {
  try {
    const std::lock_guard guard{starting_thread};
    thread_ = std::thread{[this, interval] { run(interval); }};
  } catch (const std::system_error& why) {
    logger()->warn("the ledger is not put on the disk at intervals reason={}", log_value(why.what()));
  }
}

ledger_sync::~ledger_sync() {
  {
    const std::lock_guard guard{mutex_};
    ending_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void ledger_sync::run(std::chrono::nanoseconds interval) {
  repeated_failure trouble{"putting the ledger on the disk"};
  std::unique_lock lock{mutex_};
  while (!ended_.wait_for(lock, interval, [this] { return ending_; })) {
    lock.unlock();
    if (ledger_->file().sync()) {
      trouble.recovered();
      times_.fetch_add(1, std::memory_order_relaxed);
    } else {
      trouble.failed(std::strerror(errno));
    }
    lock.lock();
  }
}

} // namespace holdfast

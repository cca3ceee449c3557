// Hears what is published on one channel of a Redis, over a connection of its own.
//
// Threads  one of its own, which calls `heard`; the destructor ends it.
// Bounds   nothing is queued; the destructor waits for no network. A silent connection is asked for a sign
//          of life every 5 s and given up where none comes within the reply timeout.
// Errors   the constructor throws a std::runtime_error where no descriptor or no thread is to be had. After that every
//          failure is a new connection after a backoff, a refusal (no permission) a warning and a rare retry.
// Loses    what is published while there is no connection: listeners need a check of their own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/redis_client.hpp>
#include <holdfast/runtime/redis_url.hpp>

namespace holdfast {

struct redis_subscription_settings {
  redis_url url;
  std::chrono::nanoseconds connect_timeout{};
  std::chrono::nanoseconds reply_timeout{};
  std::string channel;
};

class redis_subscription {
public:
  redis_subscription(redis_subscription_settings settings, std::function<void(std::string_view)> heard);
  ~redis_subscription();
  redis_subscription(const redis_subscription&) = delete;
  redis_subscription& operator=(const redis_subscription&) = delete;

private:
  void serve();
  redis_failure hear_safely() noexcept;
  redis_failure hear();
  redis_failure listen(redis_client& client);
  bool stopped_within(std::chrono::nanoseconds span) const;

  redis_subscription_settings settings_;
  std::function<void(std::string_view)> heard_;
  bool subscribed_ = false; // since the last failure
  repeated_failure refusal_{"announcements"};
  int stop_ = -1;
  std::thread thread_;
};

} // namespace holdfast

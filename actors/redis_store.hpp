// The shared store: a Redis behind one connection. Everything that can go wrong with Redis ends here.
//
//   every message of store_actor <- cache, counter, last_good, warmup, rate limiter
//   store_event -> listeners     link up, link down (once each), identity changed
//
// Threads  spawned detached: it waits for the network. What waits in its mailbox goes out in one pipeline.
// Bounds   a connect takes at most redis-connect-timeout, a pipeline redis-command-timeout. While the link is down every
//          question is answered store_away at once; one past its deadline is dropped as `deadline`.
// Bulk     values above 64 KiB travel over a second connection of an actor of their own, so that megabytes never hold
//          up counters.
// Errors   an error reply is store_refused or, where the server cannot serve us now, a broken link; a failed pipeline is
//          thrown away with its connection.
// Restart  nothing is kept here but the connection.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/backoff.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/redis_client.hpp>
#include <holdfast/runtime/redis_url.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

struct redis_store_settings {
  redis_url url;
  std::chrono::nanoseconds connect_timeout{};
  std::chrono::nanoseconds command_timeout{};
  bool bulk = false; // this one is the second connection
  telemetry_ptr watched = std::make_shared<telemetry>();
};

// A question that waits for the next pipeline.
struct pending_question {
  std::vector<redis_command> commands;
  boot_time deadline;
  std::function<void(std::span<redis_reply>)> answer; // as many replies as commands
  std::function<void(fault, const std::string&)> fail;
};

struct redis_store_state {
  static inline const char* name = "redis_store";
  redis_store_settings settings;
  clock_ptr clock;
  std::unique_ptr<redis_client> client; // null: the link is down
  std::vector<pending_question> waiting;
  bool drain_sent = false;
  boot_time retry_at{};
  backoff retry;
  repeated_failure trouble{"redis link"};
  std::vector<store_listener> listeners;
  store_status status;
  bool told_down = false;
  boot_time checked_at{};
  store_actor bulk;
};

store_actor::behavior_type redis_store(store_actor::stateful_pointer<redis_store_state> self,
                                       redis_store_settings settings, clock_ptr clock);

} // namespace holdfast

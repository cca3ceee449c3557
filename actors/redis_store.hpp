// The shared store: a Redis behind two connections, and a third that listens. Everything that can go wrong with Redis
// ends here.
//
//   every message of store_actor <- cache, counter, last_good, warmup, rate limiter
//   store_event -> listeners        link up, link down (once each), identity changed
//   symbols_announced -> listeners  another process, or this one, wrote a table
//
// Threads  spawned detached: it waits for the network. What waits in its mailbox goes out in one pipeline. Connecting has a
//          thread of its own, and so has the subscription: while the link is down every question is answered
//          `store_away` at once. Only before the first attempt has failed do questions wait for it.
// Bounds   a connect takes at most redis-connect-timeout, a pipeline redis-command-timeout; 1,024 commands or a MiB go
//          into one pipeline. A question past its deadline is dropped as `deadline`.
// Bulk     values and lists travel over a second connection, of an actor of their own: a megabyte never holds up counters.
//          There, each MiB that moved is worth 250 ms more.
// Errors   runtime/redis_remedy.hpp says what each error reply calls for. A server that takes no writes goes on
//          answering reads; writes are answered at once and tried again with backoff. An answer that is not what was asked
//          for breaks the link; a failed pipeline is thrown away with its connection.
// Ends     past `ends` nothing is waited for any more, whatever the timeouts are: every question fails at once.
// Restart  nothing is kept here but the connection.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/backoff.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/redis_client.hpp>
#include <holdfast/runtime/redis_subscription.hpp>
#include <holdfast/runtime/redis_url.hpp>
#include <holdfast/runtime/shutdown_deadline.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

enum class redis_script : std::uint8_t;
struct redis_connection;
struct redis_attempt;
struct heard_announcements;
struct forbidden_writes;
struct foreign_scan;

struct redis_store_settings {
  redis_url url;
  std::chrono::nanoseconds connect_timeout{};
  std::chrono::nanoseconds command_timeout{};
  bool bulk = false; // this one is the second connection
  telemetry_ptr watched = std::make_shared<telemetry>();
  std::shared_ptr<forbidden_writes> forbidden; // of both connections; null: made by the first
  std::chrono::nanoseconds check_interval = std::chrono::seconds{5}; // of the idle link and of the store's identity
  shutdown_deadline_ptr ends = std::make_shared<shutdown_deadline>(); // never null; passed at the latest when the actor ends
};

// A command, or a call of a script: then its first two words are filled in when it is sent.
struct redis_call {
  redis_command words;
  std::optional<redis_script> script;
};

enum class redis_errand : std::uint8_t {
  free,  // goes out whatever the server takes
  write, // not while the server takes no writes
  merge, // nor while this user may not merge
};

// A question that waits for the next pipeline.
struct pending_question {
  std::vector<redis_call> calls;
  redis_errand errand = redis_errand::free;
  boot_time deadline;
  std::function<bool(std::span<redis_reply>)> answer; // one reply per call; false: that was no answer to this question
  std::function<void(fault, const std::string&)> fail;
  bool takes_refusals = false; // `answer` wants error replies too, where they are about the question alone
  std::string_view what{}; // a literal: what a user who may not write it goes without; empty: only who asked is told
};

// Something that the server does not do for the time being.
struct redis_pause {
  bool active = false;
  boot_time until{}; // the next try
  backoff retry;
  fault answer = fault::store_refused;
  std::string why;
};

struct redis_store_state {
  static inline const char* name = "redis_store";
  ~redis_store_state();
  redis_store_settings settings;
  clock_ptr clock;
  std::shared_ptr<redis_connection> link; // null: the link is down
  std::shared_ptr<redis_attempt> attempt; // under way
  bool hopeful = true;                    // no attempt has failed since the link was up: questions wait for it
  boot_time retry_at{};
  backoff retry;
  redis_pause writes;
  redis_pause merges;
  std::optional<boot_time> refused_at; // the last write that the server did not take
  std::deque<pending_question> waiting;
  bool drain_sent = false;
  repeated_failure trouble{"redis link"};
  std::vector<store_listener> listeners;
  store_status status;
  bool identity_known = false;
  bool told_down = true; // or never told that it is up
  std::uint64_t timer = 0; // the one that is still wanted
  caf::actor alarm;
  store_actor bulk;
  std::shared_ptr<heard_announcements> heard;
  std::unique_ptr<redis_subscription> subscription;
  std::shared_ptr<foreign_scan> scan; // for counters of other programs
  boot_time forget_at{};           // when retired writers are looked for
  std::string forget_cursor = "0"; // how far that has come
};

store_actor::behavior_type redis_store(store_actor::stateful_pointer<redis_store_state> self,
                                       redis_store_settings settings, clock_ptr clock);

} // namespace holdfast

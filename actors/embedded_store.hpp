// The store when no Redis is configured, and the local keeper of last good tables always: SQLite in the state folder.
//
//   every message of store_actor <- cache, counter, last_good, warmup, rate limiter
//   store_event, symbols_announced -> listeners
//
// Threads  spawned detached: SQLite blocks on the disk. Scheduled in tests.
// Bounds   one transaction per message; a busy database is waited for at most 2 s.
// Errors   a question past its deadline changes nothing; a database that cannot be read answers `store_away`, never
//          "no such key"; a full disk is `store_refused`, one warning and a count, and whatever was there stays.
// Missing  other processes on the folder are not told of a new table: they find it at their next look.
// Restart  everything is on disk; an unusable folder gives a database in memory, said once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/sqlite_kv.hpp>

namespace holdfast {

struct embedded_store_state {
  static inline const char* name = "embedded_store";
  std::unique_ptr<sqlite_kv> database;
  clock_ptr clock;
  std::vector<store_listener> listeners;
  boot_time forgot_at{}; // when retired writers were last looked for
  store_status status;
  repeated_failure trouble{"embedded store"};
};

// `path` may be ":memory:".
store_actor::behavior_type embedded_store(store_actor::stateful_pointer<embedded_store_state> self, std::string path,
                                          clock_ptr clock);

} // namespace holdfast

// The store when no Redis is configured, and the local keeper of last good tables always: SQLite in the state folder.
//
//   every message of store_actor <- cache, counter, last_good, warmup, rate limiter
//   store_event, symbols_announced -> listeners
//
// Threads  spawned detached: SQLite blocks on the disk. Scheduled in tests.
// Bounds   one transaction per message; a busy database is waited for at most 2 s, while it is opened again 100 ms.
// Errors   a question past its deadline changes nothing; a database that cannot be read answers `store_away`, never
//          "no such key"; a full disk is `store_refused`, one warning and a count, and whatever was there stays. The status
//          tells whether the last read was answered (`up`) and the last transaction kept (`takes_writes`).
// Time     of leases and of what expires is the boot clock's, set to the wall clock once per start of the machine, for all who open
//          the folder: a wall clock that steps makes nothing live longer or die earlier. A key that has expired is gone, and
//          every write of one that will takes some of the dead away.
// Others   on the folder are heard: where the database changed under another connection, looked at every 150 ms, the fences
//          are read, and a new table is announced as if it were our own.
// Away     is a database that cannot be opened (a full disk, permissions): everything is answered `store_away`, as by a Redis
//          that is down, the opening is tried again every 3 s, and counters wait in the ledger.
// Ends     past `ends` every question is answered `stopping`, and a busy or slow database is waited for no longer.
// Restart  everything is on disk; listeners hear whether it answers as soon as they listen, and of every change.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/messages/interfaces.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/log.hpp>
#include <holdfast/runtime/shutdown_deadline.hpp>
#include <holdfast/runtime/sqlite_kv.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

struct embedded_store_settings {
  std::string path = ":memory:"; // a database that is gone with its actor
  telemetry_ptr watched;         // told how long each read and transaction takes; null: nobody is
  shutdown_deadline_ptr ends;    // null: never
};

struct embedded_store_state {
  static inline const char* name = "embedded_store";
  embedded_store_settings settings;
  std::unique_ptr<sqlite_kv> database; // null: it cannot be opened
  boot_time reopen_at{};               // not tried before
  clock_ptr clock;
  std::vector<store_listener> listeners;
  std::int64_t clock_offset_ms = 0; // from the boot clock to the time of the database
  std::int64_t seen_version = 0;    // of the database, at the last look
  bool looking = false;             // for what other processes write, and for the database where there is none
  std::array<table_order, market_count> announced;
  boot_time forgot_at{}; // when retired writers were last looked for
  store_status status;
  repeated_failure trouble{"embedded store"};
};

store_actor::behavior_type embedded_store(store_actor::stateful_pointer<embedded_store_state> self,
                                          embedded_store_settings settings, clock_ptr clock);

} // namespace holdfast

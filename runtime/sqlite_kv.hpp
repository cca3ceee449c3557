// The embedded store: values, counters and their bookkeeping in one SQLite database (WAL) of the state folder, with
// the same meaning as the same keys in Redis.
//
// Threads   one thread at a time per object; several processes may have the same file open.
// Durable   a committed transaction survives kill -9; the last ones may be lost with the power (synchronous=NORMAL),
//           which the merge protocol heals while the writer lives.
// Time      expiry in Unix milliseconds given by the caller; a key whose expiry is absurdly far counts as expired.
// Ends      once `ends` has passed nobody is waited for, and what takes long fails.
// Errors    open() answers why; every other call answers false or nothing and keeps the words in last_error(). A read
//           that found nothing and one that failed answer alike: failures() tells them apart.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/counter_merge.hpp>
#include <holdfast/runtime/database_wait.hpp>
#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/rate_decision.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace holdfast {

// When a key that is to live so long expires: in a year at the latest, as what is much further off counts as expired.
std::int64_t expiry_of(std::int64_t now_ms, std::chrono::milliseconds ttl) noexcept;

class sqlite_kv {
public:
  // ":memory:" is a database that dies with the object. A damaged file is moved aside and a new one begun. Whoever else opens
  // it or holds it is waited for as long as `wait`.
  static expected<std::unique_ptr<sqlite_kv>, std::string> open(const std::string& path,
                                                                std::chrono::milliseconds wait = std::chrono::seconds{2},
                                                                const shutdown_deadline_ptr& ends = {});
  ~sqlite_kv();
  sqlite_kv(const sqlite_kv&) = delete;
  sqlite_kv& operator=(const sqlite_kv&) = delete;

  struct value {
    std::string text;
    std::optional<std::int64_t> expires_ms;
  };
  std::optional<value> get(std::string_view key, std::int64_t now_ms);
  bool set(std::string_view key, std::string_view text, std::optional<std::int64_t> expires_ms);
  bool erase(std::string_view key);
  // One key's decisions, in microseconds of the wall clock, kept until nothing in it counts any more. None: the database failed,
  // the transaction must not be committed.
  std::optional<std::vector<rate_verdict>> decide_rate_limit(std::string_view key, const rate_request& request,
                                                             std::int64_t now_us, std::int64_t now_ms);
  // How many said in the last 30 s that they are there, `who` included.
  std::int64_t note_process(std::string_view key, std::string_view who, std::int64_t now_ms);

  // Some of the keys that have expired go, at most `most` of them.
  bool forget_expired(std::int64_t now_ms, int most);

  // One counter of one writer; see counter_merge.hpp. None: the database failed, the transaction must not be committed.
  std::optional<merge_verdict> merge(const merge_row& row, std::int64_t now_ms);
  counter_found read_counter(const counter_read& read, std::int64_t now_ms);
  // Writers that were retired before go.
  bool forget_retired(std::int64_t before_seconds);
  // Keys of every counter ever merged here that still exists.
  std::vector<std::string> counters(std::string_view glob);
  // The key's integer becomes the larger of itself and `least`.
  bool raise(std::string_view key, std::int64_t least, std::int64_t now_ms);

  struct lease {
    bool granted;
    std::uint64_t token;
    std::int64_t left_ms;
  };
  // A grant's token is above every one before, and above `above`; a renewal keeps its token if it can.
  std::optional<lease> take_lease(std::string_view name, std::string_view holder, std::int64_t ttl_ms, std::uint64_t above,
                                  std::int64_t now_ms);
  bool return_lease(std::string_view name, std::string_view holder);

  // What is to be added to the boot clock for the time of this database, in milliseconds: `proposed` where nobody has said
  // so since the machine started (`boot` names that start), else what was said then. All who open the database go by it.
  std::int64_t clock_offset(std::string_view boot, std::int64_t proposed);
  // Differs from before once another connection has changed the database.
  std::int64_t data_version();

  // Random text, set once per database.
  std::string epoch();

  const std::string& last_error() const noexcept { return last_error_; }
  // The last failure is none that passes by itself: the disk is full or failing, the file read-only or damaged.
  bool refused() const noexcept { return refused_; }
  // Grows with every statement that failed.
  std::uint64_t failures() const noexcept { return failures_; }

  // What is done between begin and commit is done together or, without commit(), not at all. Where any statement in
  // between has failed, a read included, commit() refuses.
  class transaction {
  public:
    explicit transaction(sqlite_kv& database);
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;
    bool begun() const noexcept { return begun_; }
    bool commit();

  private:
    sqlite_kv& database_;
    std::uint64_t failures_before_;
    bool begun_;
  };

private:
  class statement;
  struct database_deleter {
    void operator()(sqlite3* database) const noexcept;
  };
  struct statement_deleter {
    void operator()(sqlite3_stmt* prepared) const noexcept;
  };
  using prepared_ptr = std::unique_ptr<sqlite3_stmt, statement_deleter>;

  sqlite_kv(sqlite3* database, const shutdown_deadline_ptr& ends) : wait_{ends}, database_{database} {}
  static expected<std::unique_ptr<sqlite_kv>, std::string> open_once(const std::string& path, std::chrono::milliseconds wait,
                                                                     const shutdown_deadline_ptr& ends);
  bool run(const char* sql);
  void note_failure();
  sqlite3_stmt* prepare(const char* sql);

  database_wait wait_;
  std::unique_ptr<sqlite3, database_deleter> database_;
  std::vector<std::pair<const char*, prepared_ptr>> prepared_; // by the address of the literal
  std::string last_error_;
  std::uint64_t failures_ = 0;
  bool refused_ = false;
};

} // namespace holdfast

#include "runtime/sqlite_kv.hpp"

#include <algorithm>
#include <chrono>

#include <sys/stat.h>

#include "runtime/database_file.hpp"
#include "runtime/fencing_token.hpp"
#include "runtime/glob.hpp"
#include "runtime/ledger_id.hpp"
#include "runtime/sqlite_statement.hpp"

namespace holdfast {

namespace {

constexpr auto schema = R"(
  PRAGMA journal_mode=WAL;
  PRAGMA synchronous=NORMAL;
  CREATE TABLE IF NOT EXISTS entry(key TEXT PRIMARY KEY, value BLOB NOT NULL, expires_ms INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS record(key TEXT PRIMARY KEY, generation TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS writer(key TEXT, id TEXT, state TEXT NOT NULL, PRIMARY KEY(key, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS lease(name TEXT PRIMARY KEY, holder TEXT, token INTEGER, until_ms INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS identity(epoch TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS expiring ON entry(expires_ms) WHERE expires_ms IS NOT NULL;
  CREATE TABLE IF NOT EXISTS timebase(boot TEXT PRIMARY KEY, offset_ms INTEGER NOT NULL) WITHOUT ROWID;
)";

// How long a busy database is waited for.
constexpr std::chrono::milliseconds patience{2000};
constexpr std::chrono::milliseconds retry_pause{5};

constexpr std::int64_t expiry_ms_max = std::int64_t{400} * 24 * 3600 * 1000;
// Less, for the clock may be put back.
constexpr std::chrono::milliseconds ttl_max = std::chrono::hours{366 * 24};

} // namespace

std::int64_t expiry_of(std::int64_t now_ms, std::chrono::milliseconds ttl) noexcept { return now_ms + std::min(ttl, ttl_max).count(); }

void sqlite_kv::database_deleter::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
void sqlite_kv::statement_deleter::operator()(sqlite3_stmt* prepared) const noexcept { sqlite3_finalize(prepared); }

sqlite_kv::~sqlite_kv() = default;

expected<std::unique_ptr<sqlite_kv>, std::string> sqlite_kv::open(const std::string& path, std::chrono::milliseconds wait,
                                                                  const shutdown_deadline_ptr& ends) {
  if (path == ":memory:")
    return open_once(path, wait, ends);
  const opening_lock lock{path, wait, ends};
  return open_once(path, wait, ends);
}

expected<std::unique_ptr<sqlite_kv>, std::string> sqlite_kv::open_once(const std::string& path, std::chrono::milliseconds wait,
                                                                       const shutdown_deadline_ptr& ends) {
  const auto give_up = std::chrono::steady_clock::now() + wait;
  for (bool moved_aside = false;;) {
    sqlite3* raw = nullptr;
    const int result = sqlite3_open_v2(path.c_str(), &raw,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<sqlite_kv> store{new sqlite_kv{raw, ends}};
    if (result != SQLITE_OK)
      return unexpected{path + ": " + (raw ? sqlite3_errmsg(raw) : "out of memory")};
    store->wait_.apply(raw, wait);
    sqlite3_extended_result_codes(raw, 1);
    if (path != ":memory:")
      ::chmod(path.c_str(), 0600);
    if (store->run(schema) && !store->epoch().empty()) {
      store->wait_.apply(raw, patience);
      return store;
    }
    const int code = sqlite3_errcode(raw) & 0xFF;
    const auto reason = path + ": " + store->last_error_;
    const bool in_time = std::chrono::steady_clock::now() < give_up && !store->wait_.over();
    store.reset();
    if (code == SQLITE_BUSY && in_time) {
      pause_before(ends, retry_pause);
    } else if (!moved_aside && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)) {
      move_database_aside(path);
      moved_aside = true;
    } else {
      return unexpected{reason};
    }
  }
}

bool sqlite_kv::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK)
    return true;
  note_failure();
  return false;
}

void sqlite_kv::note_failure() {
  last_error_ = sqlite3_errmsg(database_.get());
  const int code = sqlite3_errcode(database_.get()) & 0xFF;
  refused_ = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY || code == SQLITE_TOOBIG
             || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  ++failures_;
}

sqlite3_stmt* sqlite_kv::prepare(const char* sql) {
  for (const auto& [text, prepared] : prepared_)
    if (text == sql)
      return prepared.get();
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr) != SQLITE_OK) {
    note_failure();
    return nullptr;
  }
  prepared_.emplace_back(sql, prepared);
  return prepared;
}

std::optional<sqlite_kv::value> sqlite_kv::get(std::string_view key, std::int64_t now_ms) {
  statement query{*this, "SELECT value, expires_ms FROM entry WHERE key=?1"};
  if (!query.with(key).step())
    return std::nullopt;
  const auto expires = query.number(1);
  if (expires && (*expires <= now_ms || *expires > now_ms + expiry_ms_max))
    return std::nullopt;
  return value{query.text(0), expires};
}

bool sqlite_kv::set(std::string_view key, std::string_view text, std::optional<std::int64_t> expires_ms) {
  statement query{*this, "INSERT INTO entry VALUES(?1,?2,?3) ON CONFLICT(key) DO UPDATE SET value=?2, expires_ms=?3"};
  return query.with(key).with(text).with(expires_ms).run();
}

bool sqlite_kv::erase(std::string_view key) {
  return statement{*this, "DELETE FROM entry WHERE key=?1"}.with(key).run();
}

bool sqlite_kv::forget_expired(std::int64_t now_ms, int most) {
  statement query{*this, "DELETE FROM entry WHERE key IN (SELECT key FROM entry WHERE expires_ms<=?1 LIMIT ?2)"};
  return query.with(now_ms).with(std::int64_t{most}).run();
}

std::vector<std::string> sqlite_kv::counters(std::string_view glob) {
  std::vector<std::string> keys;
  statement query{*this, "SELECT key FROM record WHERE key IN (SELECT key FROM entry) ORDER BY key"};
  while (query.step())
    if (auto key = query.text(0); glob_matches(glob, key))
      keys.push_back(std::move(key));
  return keys;
}

bool sqlite_kv::raise(std::string_view key, std::int64_t least, std::int64_t now_ms) {
  const auto stored = get(key, now_ms);
  const auto number = stored ? sqlite_integer(stored->text) : std::nullopt;
  return (number && *number >= least) || set(key, std::to_string(least), std::nullopt);
}

std::optional<sqlite_kv::lease> sqlite_kv::take_lease(std::string_view name, std::string_view holder, std::int64_t ttl_ms,
                                                      std::uint64_t above, std::int64_t now_ms) {
  std::int64_t token = 0;
  std::int64_t until = 0;
  std::string held_by;
  if (statement query{*this, "SELECT holder, token, until_ms FROM lease WHERE name=?1"}; query.with(name).step()) {
    held_by = query.text(0);
    token = static_cast<std::int64_t>(believed_token(static_cast<std::uint64_t>(query.number(1).value_or(0))));
    until = query.number(2).value_or(0);
  }
  const bool held = !held_by.empty() && until > now_ms && until <= now_ms + expiry_ms_max;
  if (held && held_by != holder)
    return lease{false, static_cast<std::uint64_t>(token), until - now_ms};
  const auto floor = static_cast<std::int64_t>(believed_token(above));
  if (!held || token <= floor)
    token = std::max({token + 1, now_ms * 1000, floor + 1});
  statement query{*this, "INSERT INTO lease VALUES(?1,?2,?3,?4) ON CONFLICT(name) DO UPDATE SET holder=?2, token=?3, until_ms=?4"};
  if (!query.with(name).with(holder).with(token).with(now_ms + ttl_ms).run())
    return std::nullopt;
  return lease{true, static_cast<std::uint64_t>(token), ttl_ms};
}

bool sqlite_kv::return_lease(std::string_view name, std::string_view holder) {
  return statement{*this, "UPDATE lease SET holder='', until_ms=0 WHERE name=?1 AND holder=?2"}.with(name).with(holder).run();
}

std::int64_t sqlite_kv::clock_offset(std::string_view boot, std::int64_t proposed) {
  statement{*this, "INSERT OR IGNORE INTO timebase VALUES(?1,?2)"}.with(boot).with(proposed).run();
  statement{*this, "DELETE FROM timebase WHERE boot<>?1"}.with(boot).run();
  statement query{*this, "SELECT offset_ms FROM timebase WHERE boot=?1"};
  return query.with(boot).step() ? query.number(0).value_or(proposed) : proposed;
}

std::int64_t sqlite_kv::data_version() {
  statement query{*this, "PRAGMA data_version"};
  return query.step() ? query.number(0).value_or(0) : 0;
}

std::string sqlite_kv::epoch() {
  statement{*this, "INSERT INTO identity SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM identity)"}
    .with(to_text(random_ledger_id()))
    .run();
  statement query{*this, "SELECT epoch FROM identity"};
  return query.step() ? query.text(0) : std::string{};
}

sqlite_kv::transaction::transaction(sqlite_kv& database)
  : database_{database}, failures_before_{database.failures()}, begun_{database.run("BEGIN IMMEDIATE")} {}

sqlite_kv::transaction::~transaction() {
  // After some failures SQLite has rolled back by itself; a second time would hide why.
  if (begun_ && !sqlite3_get_autocommit(database_.database_.get()))
    database_.run("ROLLBACK");
}

bool sqlite_kv::transaction::commit() {
  // What could not be read is not missing: a counter taken for a new one would be replaced.
  if (begun_ && database_.failures() == failures_before_ && database_.run("COMMIT")) {
    begun_ = false;
    return true;
  }
  return false;
}

} // namespace holdfast

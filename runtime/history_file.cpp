#include "runtime/history_file.hpp"

#include <unordered_set>

#include <sys/stat.h>

#include "runtime/database_file.hpp"
#include "runtime/database_wait.hpp"
#include "runtime/history_statement.hpp"

namespace holdfast {

namespace {

constexpr std::chrono::milliseconds patience{2000};
// Whoever asks waits behind a record, which comes again in a few seconds.
constexpr std::chrono::milliseconds record_patience{500};

// AUTOINCREMENT: other processes know counters by their numbers, so none is given twice.
constexpr auto schema = R"(
  PRAGMA journal_mode=WAL;
  PRAGMA synchronous=NORMAL;
  CREATE TABLE IF NOT EXISTS series(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS point(step INTEGER, series INTEGER, slot INTEGER, value INTEGER,
                                   PRIMARY KEY(step, series, slot)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS seen(step INTEGER, slot INTEGER, PRIMARY KEY(step, slot)) WITHOUT ROWID;
)";

} // namespace

void history_file::database_deleter::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
void history_file::statement_deleter::operator()(sqlite3_stmt* prepared) const noexcept { sqlite3_finalize(prepared); }

history_file::history_file(sqlite3* database, history_limits limits, const shutdown_deadline_ptr& ends)
  : wait_{std::make_unique<database_wait>(ends)}, database_{database}, limits_{limits} {}

history_file::~history_file() { roll_up(); }

expected<std::unique_ptr<history_file>, std::string> history_file::open(const std::string& path, history_limits limits,
                                                                        const shutdown_deadline_ptr& ends) {
  const opening_lock lock{path, patience, ends};
  std::string why;
  for (int attempt = 0; attempt < 2; ++attempt) {
    sqlite3* raw = nullptr;
    const int result
      = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<history_file> file{new history_file{raw, limits, ends}};
    if (result != SQLITE_OK)
      return unexpected{path + ": " + (raw ? sqlite3_errmsg(raw) : "out of memory")};
    file->wait_->apply(raw, patience);
    if (path != ":memory:")
      ::chmod(path.c_str(), 0600);
    if (file->run(schema) && file->load_series()) {
      file->wait_->apply(raw, record_patience);
      return file;
    }
    const int code = sqlite3_errcode(raw) & 0xFF;
    why = path + ": " + file->last_error_;
    file.reset();
    if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB)
      break;
    move_database_aside(path);
  }
  return unexpected{why};
}

bool history_file::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK)
    return true;
  last_error_ = sqlite3_errmsg(database_.get());
  return false;
}

sqlite3_stmt* history_file::prepare(const char* sql) {
  for (const auto& [text, prepared] : prepared_)
    if (text == sql)
      return prepared.get();
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr) != SQLITE_OK) {
    last_error_ = sqlite3_errmsg(database_.get());
    return nullptr;
  }
  prepared_.emplace_back(sql, prepared);
  return prepared;
}

// After some errors SQLite has rolled back already.
void history_file::roll_back() {
  if (sqlite3_get_autocommit(database_.get()) == 0)
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

// As the file has them: another process may have added counters and forgotten others.
bool history_file::load_series() {
  ids_.clear();
  std::unordered_set<std::int64_t> there;
  history_statement all{*this, "SELECT id, key FROM series"};
  while (all.step())
    there.insert(ids_.emplace(all.text(1), all.number(0).value_or(0)).first->second);
  std::erase_if(known_, [&](const auto& one) { return !there.contains(one.first); });
  anew_ = anew_ || !all.good();
  return all.good();
}

std::chrono::seconds history_file::kept(std::int64_t step) const noexcept {
  return step == 10 ? limits_.fine : step == 60 ? limits_.minutes : limits_.hours;
}

std::optional<std::int64_t> history_file::id_of(const std::string& key) {
  if (const auto known = ids_.find(key); known != ids_.end())
    return known->second;
  history_statement add{*this, "INSERT INTO series(key) VALUES(?1) ON CONFLICT(key) DO UPDATE SET key=key RETURNING id"};
  if (!add.with(key).step())
    return std::nullopt;
  return ids_.emplace(key, add.number(0).value_or(0)).first->second;
}

bool history_file::put(std::int64_t step, std::int64_t series, std::int64_t slot, std::optional<std::int64_t> value) {
  if (kept(step) <= std::chrono::seconds{0})
    return true;
  history_statement row{*this, "INSERT OR REPLACE INTO point(step, series, slot, value) VALUES(?1, ?2, ?3, ?4)"};
  return row.with(step).with(series).with(slot).with(value).run();
}

bool history_file::mark_seen(std::int64_t step, std::int64_t slot) {
  if (kept(step) <= std::chrono::seconds{0})
    return true;
  history_statement row{*this, "INSERT OR IGNORE INTO seen(step, slot) VALUES(?1, ?2)"};
  return row.with(step).with(slot).run();
}

// Counters that are not among those of this record: they end, in every step.
bool history_file::end_missing(std::int64_t slot) {
  for (const auto& [key, id] : ids_) {
    auto& known = known_[id];
    // Of a counter that an earlier process recorded, or that ended in a record that failed, the end is not known.
    const bool ends = known.record != records_ && (known.alive || anew_);
    if (!ends)
      continue;
    known.alive = false;
    for (const auto step : steps)
      if (!put(step, id, slot * 10 / step, std::nullopt))
        return false;
  }
  return true;
}

bool history_file::write_changed(std::int64_t now, const counter_values& values, bool begins) {
  for (const auto& [key, value] : values) {
    if (ids_.size() >= limits_.series_max && !ids_.contains(key)) {
      ++left_out_;
      continue;
    }
    const auto id = id_of(key);
    if (!id)
      return false;
    auto& known = known_[*id];
    known.record = records_;
    if (known.alive && known.value == value)
      continue;
    known.value = value;
    known.alive = known.dirty = true;
    if (!put(10, *id, now / 10, value))
      return false;
    for (const auto step : steps)
      if (begins && !put(step, *id, now / step - 1, value))
        return false;
  }
  return true;
}

// Ends with the first statement that fails: SQLite may have ended the transaction with it, and more would be kept
// alone.
bool history_file::write(std::int64_t now, const counter_values& values) {
  if (anew_ && !load_series())
    return false;
  // Of a history that begins now: what its counters were before it is a row of the step before, in which nobody
  // watched.
  const bool begins = anew_ && !history_statement{*this, "SELECT 1 FROM seen LIMIT 1"}.step();
  return mark_seen(10, now / 10) && write_changed(now, values, begins) && end_missing(now / 10);
}

bool history_file::record(std::int64_t now, const counter_values& values) {
  if (minute_ && *minute_ != now / 60) {
    roll_up();
    minute_.reset(); // one that could not be written is a gap
  }
  left_out_ = 0;
  ++records_;
  if (!run("BEGIN IMMEDIATE"))
    return false;
  if (write(now, values) && run("COMMIT")) {
    minute_ = now / 60;
    anew_ = false;
    last_error_.clear();
    return true;
  }
  roll_back();
  // What was not written is written with the next record. The numbers of its new counters are free again, for others.
  known_.clear();
  minute_.reset();
  anew_ = true;
  load_series();
  return false;
}

bool history_file::write_minute() {
  if (!mark_seen(60, *minute_) || !mark_seen(3600, *minute_ / 60))
    return false;
  for (const auto& [id, known] : known_)
    if (known.dirty && known.alive
        && !(put(60, id, *minute_, known.value) && put(3600, id, *minute_ / 60, known.value)))
      return false;
  return true;
}

bool history_file::roll_up() {
  if (!minute_ || !run("BEGIN IMMEDIATE"))
    return false;
  if (!write_minute() || !run("COMMIT")) {
    roll_back();
    return false;
  }
  for (auto& [id, known] : known_)
    known.dirty = false;
  return true;
}

std::uint64_t history_file::bytes() const {
  const auto number = [this](const char* sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr) != SQLITE_OK)
      return std::uint64_t{0};
    const std::unique_ptr<sqlite3_stmt, statement_deleter> query{raw};
    return sqlite3_step(raw) == SQLITE_ROW ? static_cast<std::uint64_t>(sqlite3_column_int64(raw, 0)) : std::uint64_t{0};
  };
  return (number("PRAGMA page_count") - number("PRAGMA freelist_count")) * number("PRAGMA page_size");
}

} // namespace holdfast

// How counters went over time: their totals every 10 s, rolled up to minutes and hours, in one SQLite database of the
// state folder.
//
//   step    kept for (see history_limits)
//   10 s    24 hours
//   1 min   30 days
//   1 h     2 years
//
// A row is written only where a total changed; that a step was watched at all is noted once for all counters. So an
// idle counter costs nothing, and a time in which nobody watched is a gap, not a line.
//
// Threads   one at a time per object; other processes may read the same file meanwhile.
// Bounds    `bytes_max`: past it the oldest fine points go first, then minutes, then hours older than a month.
// `series_max`
//           counters; further ones are left out and told.
// Time      wall time in whole Unix seconds, given by the caller: history is read across restarts.
// Restart   everything recorded stays; of the running minute only the 10 s points are written yet.
// Reading   writes nothing and waits for no writer: the running minute and hour are told from memory. Writing waits for others
//           half a second, twice at the turn of a minute.
// Errors    open() answers why; a damaged file is moved aside and a new one begun.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/export.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace holdfast {

class database_wait;
class shutdown_deadline;

struct history_limits { // how long points of each step are kept
  std::chrono::seconds fine = std::chrono::hours{24};         // points every 10 s
  std::chrono::seconds minutes = std::chrono::hours{24 * 30}; // points every minute
  std::chrono::seconds hours = std::chrono::hours{24 * 731};  // points every hour
  std::uint64_t bytes_max = 1u << 30;                         // of bytes(); prune() sees to it
  std::size_t series_max = 10'000;                            // counters, with those that ended and are still kept

  // False: no history is wanted.
  bool keeps_any() const noexcept { return fine + minutes + hours > std::chrono::seconds{0}; }
};

struct history_point { // a total at the end of a step
  std::int64_t at = 0;        // Unix seconds: the begin of its step
  std::int64_t value = 0;     // the total at the end of the step
  std::optional<double> rate; // per second since the step before; none after a gap
};

struct history_range { // which points are wanted, in Unix seconds
  std::int64_t since = 0; // Unix seconds, both ends included
  std::int64_t until = 0; // not before `since`
  std::optional<std::int64_t> step; // seconds; none: whatever suits the range
};

struct history_line { // points of one counter, the oldest first
  bool known = false; // whether anything was ever recorded of the counter and is still kept
  std::int64_t step = 10;            // seconds; what was asked for or more, as the rows that are kept allow
  std::vector<history_point> points; // in order of time, none where nobody watched
};

// Why there is no line.
struct history_refusal {
  std::string why; // a sentence for people
  bool file_failed = false; // the question was a good one
};

// Keys and totals, each key once, in any order.
using counter_values = std::vector<std::pair<std::string, std::int64_t>>;

// A day of UTC as 2026-11-24.
HOLDFAST_EXPORT std::string day_text(std::int64_t days_since_1970);

class HOLDFAST_EXPORT history_file {
public:
  static constexpr std::array<std::int64_t, 3> steps{10, 60, 3600}; // seconds between rows, of the three resolutions that are kept
  static constexpr std::int64_t points_max = 20'000;         // of one read(); more is an error
  static constexpr std::int64_t moment_max = 40'000'000'000; // seconds from 1970, before and after: further is an error
  static constexpr std::int64_t step_max = 10 * 366 * 24 * 3600; // seconds; more is an error

  // Makes the file where there is none. The error is a sentence for people. Whoever else holds the file is waited for, for 2 s
  // and not past `ends`, where that is not null; then every call fails.
  static expected<std::unique_ptr<history_file>, std::string> open(const std::string& path, history_limits limits = {},
                                                                   const std::shared_ptr<shutdown_deadline>& ends = {});
  ~history_file();
  history_file(const history_file&) = delete;
  history_file& operator=(const history_file&) = delete;

  // All counters that exist now. One that was there before and is not any more ends here.
  bool record(std::int64_t now, const counter_values& values);
  // Writes the running minute and hour as of the last record(). record() does so at the turn of each minute.
  bool roll_up();
  // A counter that nobody knows has no points.
  expected<history_line, history_refusal> read(std::string_view key, const history_range& range, std::int64_t now);
  // How much a counter grew on each of the last `days` days of UTC, the last one today. What happened while nobody watched
  // counts on the day on which it was seen. A counter that was there before the history knew it counts from then on.
  std::vector<std::int64_t> per_day(std::string_view key, std::uint32_t days, std::int64_t now);
  // Drops what is older than the limits, and more where the file is too large. To be called every few minutes.
  void prune(std::int64_t now);

  std::uint64_t bytes() const; // pages in use, without free ones and the write-ahead log
  std::size_t series() const noexcept { return ids_.size(); } // with those that ended, until prune() forgets them
  std::uint64_t left_out() const noexcept { return left_out_; } // counters of the last record()
  const std::string& last_error() const noexcept {
    return last_error_;
  } // SQLite's words; empty since a record() succeeded

private:
  friend class history_statement;
  struct statement_deleter {
    void operator()(sqlite3_stmt* prepared) const noexcept;
  };
  struct database_deleter {
    void operator()(sqlite3* database) const noexcept;
  };
  struct known_value {
    std::int64_t value = 0;
    std::uint64_t record = 0; // the number of the record() that had it
    bool dirty = false;       // changed since the last roll_up()
    bool alive = false;
  };

  history_file(sqlite3* database, history_limits limits, const std::shared_ptr<shutdown_deadline>& ends);
  bool run(const char* sql);
  void roll_back();
  sqlite3_stmt* prepare(const char* sql);
  bool load_series();
  std::optional<std::int64_t> id_of(const std::string& key);
  bool put(std::int64_t step, std::int64_t series, std::int64_t slot, std::optional<std::int64_t> value);
  bool mark_seen(std::int64_t step, std::int64_t slot);
  bool write(std::int64_t now, const counter_values& values);
  bool write_changed(std::int64_t now, const counter_values& values, bool begins);
  bool write_minute();
  // What roll_up() would write of a counter into a row of a minute or an hour; none: nothing.
  struct unwritten {
    std::int64_t slot;
    std::int64_t value;
  };
  std::optional<unwritten> unwritten_row(std::int64_t step, std::int64_t series) const;
  bool end_missing(std::int64_t slot);
  bool drop_before(std::int64_t step, std::int64_t slot);
  bool drop_old(std::int64_t now);
  bool drop_ended(std::vector<std::string>& gone);
  struct grid {
    std::int64_t step;       // of the answer
    std::int64_t resolution; // of the rows that it is made of
  };
  grid grid_for(const history_range& range, std::int64_t now) const;
  std::optional<std::int64_t> total_before(std::int64_t series, std::int64_t at);
  std::optional<std::int64_t> first_total(std::int64_t series);
  std::chrono::seconds kept(std::int64_t step) const noexcept;

  std::unique_ptr<database_wait> wait_;
  std::unique_ptr<sqlite3, database_deleter> database_;
  std::vector<std::pair<const char*, std::unique_ptr<sqlite3_stmt, statement_deleter>>> prepared_; // by the literal
  history_limits limits_;
  std::unordered_map<std::string, std::int64_t> ids_;
  std::unordered_map<std::int64_t, known_value> known_; // by id
  std::uint64_t records_ = 0;
  bool anew_ = true; // nothing is known of what the counters were: after the start, and after a record() that failed
  std::optional<std::int64_t> minute_; // of the last record(); none: it failed
  std::uint64_t left_out_ = 0;
  std::string last_error_;
};

} // namespace holdfast

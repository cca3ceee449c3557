// Until when a market's whole budget is closed: for every URL, private and public, mirrors included, for every process
// that shares the state folder, and across restarts (a small file there, in wall time).
//
// Threads  any.
// Bounds   no embargo is longer than embargo_max, and one read back is never longer than it was when it was written,
//          whatever the wall clock did in between. Nothing shortens an embargo of this process. All end with a second of
//          the wall clock, for every process with the same: up to a second later than was told.
// Errors   a file that cannot be written is one warning: the embargo then holds in this process only. A file that tells
//          nonsense is no embargo.
// Sharing  text() and learn() are for carrying it to processes of this machine that have other state folders.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/market.hpp>

namespace holdfast {

// Of the file in the state folder, for a site of runtime/machine.hpp.
HOLDFAST_EXPORT std::string embargo_file_name(market which, std::string_view site);

enum class embargo_cause : std::uint8_t { // who closed the budget
  exchange,  // the exchange said so: 429, 418, error -1003
  own_share, // this address has used as much of the running minute's weight as we allow ourselves
};

class HOLDFAST_EXPORT embargo {
public:
  // `file` empty: in memory only. Reads what an earlier process was told.
  embargo(market which, std::string file, clock_ptr clock);

  // Closes the budget for so long from now; never shortens.
  void close_for(std::chrono::seconds length, embargo_cause cause = embargo_cause::exchange);

  // The end, while it is closed.
  std::optional<boot_time> closed_until() const;
  // Of the running or the last embargo.
  embargo_cause cause() const;

  // Takes what another process wrote into the file since. One small read.
  void look();

  // The newest embargo as one line, "<end> <begin> <cause>" in Unix seconds; empty where there was none.
  std::string text() const;
  // Takes such a line, if it is an embargo that goes on for longer than what is known, and keeps it in the file.
  void learn(std::string_view line);

private:
  bool learn_locked(std::string_view line);
  void write();

  market which_;
  std::string file_;
  clock_ptr clock_;
  mutable std::mutex mutex_;
  boot_time until_{};
  embargo_cause cause_ = embargo_cause::exchange;
  std::string text_;     // what the file holds, as far as this process knows
  bool warned_ = false; // that the file cannot be written
};

} // namespace holdfast

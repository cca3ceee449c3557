// Until when a market's whole budget is closed, by the exchange's word: for every URL, private and public, mirrors
// included, and across restarts (a small file of the state folder, in wall time).
//
// Threads  any.
// Errors   a file that cannot be written is a warning: the embargo then holds in this process only. A file that tells
//          nonsense, or an end further away than any ban lasts, counts as no embargo or as the longest one.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/market.hpp>

namespace holdfast {

class embargo {
public:
  // `file` empty: in memory only. Reads what an earlier process was told.
  embargo(market which, std::string file, clock_ptr clock);

  // Closes the budget for so long from now; never shortens.
  void close_for(std::chrono::seconds length);

  // The end, while it is closed.
  std::optional<boot_time> closed_until() const;

private:
  void write() const;

  market which_;
  std::string file_;
  clock_ptr clock_;
  mutable std::mutex mutex_;
  boot_time until_{};
};

} // namespace holdfast

// What was really counted, and what of it the store has: the one thing that no real system knows.
//
// An opening is one life of one engine: one ledger. Counters of this simulation only ever move in one direction, so that
// "never more than was counted" can be judged at any moment.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/counter_ledger.hpp"
#include "tests/simulation/journal.hpp"

namespace holdfast::simulation {

using opening_number = std::uint32_t;
using amounts = std::map<std::string, std::int64_t, std::less<>>; // by counter

class ledger_truth {
public:
  explicit ledger_truth(journal& notes) : notes_{notes} {}

  void opened(opening_number opening, const std::shared_ptr<counter_ledger>& ledger);
  // The process is gone; what is in the file now was counted.
  void ended(opening_number opening);
  // The host counted; the ledger must tell the same.
  void host_counted(opening_number opening, const std::string& key, std::int64_t amount);

  // 0: no writer of ours.
  opening_number opening_of(const std::string& writer) const;
  // The store marked this writer's field as retired: the ledger may go on under the next id.
  void retired(const std::string& writer, const std::string& state);

  std::int64_t counted(opening_number opening, std::string_view key) const;
  std::int64_t counted_by_all(std::string_view key) const;
  amounts counted(opening_number opening) const;
  // Ledgers hold what hosts counted, no more and no less.
  void check_hosts();
  const std::string& ledger_path(opening_number opening) const { return openings_.at(opening).path; }
  opening_number openings() const { return static_cast<opening_number>(openings_.size()); }

private:
  struct one_opening {
    std::shared_ptr<counter_ledger> ledger; // null: ended
    std::string path;
    amounts final_sums;
    amounts by_host;
  };

  journal& notes_;
  std::map<opening_number, one_opening> openings_;
  std::map<std::string, opening_number, std::less<>> writers_;
};

} // namespace holdfast::simulation

// Private to the counter actor: one ledger on its way into the store, ours or one that we adopted. Passive: it makes
// batches and understands their answers; sending is the actor's.
//
// Bounds  a batch is as large as asked for; batches go round the rows, so that no busy row starves another; at most one
//         merge per row is under way.
// Crash   everything that has to survive is in the ledger file before it is sent; the rest is learnt again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/clock.hpp"
#include "runtime/counter_protocol.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/store_traces.hpp"

namespace holdfast {

// What was asked in one go, and what is needed to understand the answer.
struct merge_batch {
  std::vector<merge_request> requests;
  std::vector<std::uint32_t> rows; // of each request
};

// What all ledgers of a process know of the store together.
struct drain_view {
  boot_time now{};
  std::int64_t wall_seconds = 0;
  store_past past; // as of the last answer; whether it was emptied is each row's own, by `traces`
  const store_traces* traces = nullptr;
};

class draining_ledger {
public:
  // An adopted ledger is retired, row by row.
  explicit draining_ledger(std::unique_ptr<ledger_file> adopted);
  explicit draining_ledger(ledger_file& own);

  const ledger_file& file() const noexcept { return *file_; }
  std::optional<std::uint32_t> find(std::string_view key);

  // From here on every row is retired as well.
  void retire() noexcept { retiring_ = true; }
  // Compare every row with the store, whatever the bookkeeping tells.
  void verify_all();
  // The store may have gone back: what was found there need not be there.
  void forget_findings();

  // Rows that are only to be compared take from `verify_budget`.
  merge_batch next_batch(const drain_view& view, std::size_t at_most, std::size_t& verify_budget);
  void take(const merge_batch& asked, const std::vector<merge_verdict>& verdicts, const drain_view& view);
  // Nothing is known of what became of it.
  void give_up(const merge_batch& asked);

  bool row_pending(std::uint32_t row) const;
  bool row_set_aside(std::uint32_t row) const { return row < rows_.size() && !rows_[row].set_aside_for.empty(); }
  const std::string& set_aside_reason(std::uint32_t row) const { return rows_[row].set_aside_for; }
  // Whether everything up to `target` of this row is in the store, or never will be brought there from here.
  bool arrived(std::uint32_t row, const ledger_sums& target) const;
  // Whether a row is left that must be compared before doubtful ones can be judged.
  bool has_unasked() const;
  // Nothing is left but rows that are set aside.
  bool stuck() const;
  // Everything is in the store and retired.
  bool finished() const;
  void remove_file() noexcept { file_->remove(); }
  std::uint64_t ambiguous() const noexcept { return ambiguous_; }
  // Rows of it went back: what was counted in them can be told from nothing any more.
  bool went_back() const noexcept { return went_back_; }
  std::size_t batches_under_way = 0;

private:
  struct row_state {
    std::optional<merge_basis> basis; // learned from a mismatch
    boot_time not_before{};           // set aside until then
    std::string set_aside_for;
    bool under_way = false;
    bool verify = false;
    bool waits = false;   // until every other row was compared
    bool retired = false; // the store holds our last state with the mark
    bool done = false;    // adopter: nothing of it will ever be sent again
  };

  bool is_known(const row_bookkeeping& book) const noexcept;
  bool wants(std::uint32_t row) const;
  bool only_verifies(std::uint32_t row) const;
  std::optional<merge_request> make_request(std::uint32_t row, const drain_view& view);
  void take_one(std::uint32_t row, const merge_request& asked, const merge_verdict& verdict, const drain_view& view);
  void set_aside(std::uint32_t row, boot_time now, std::string reason);
  void abandon(std::uint32_t row, std::string_view reason);
  void extend();

  std::unique_ptr<ledger_file> adopted_;
  ledger_file* file_;
  merge_role role_;
  bool retiring_;
  std::vector<row_state> rows_;
  std::unordered_map<std::string_view, std::uint32_t> by_key_;
  std::uint32_t cursor_ = 0;
  std::uint64_t ambiguous_ = 0;
  bool went_back_ = false;
  bool abandon_said_ = false;
};

} // namespace holdfast

#include "actors/ledger_drain.hpp"

#include <algorithm>
#include <utility>

#include "runtime/log.hpp"

namespace holdfast {

namespace {

constexpr std::chrono::seconds set_aside_pause{60};

} // namespace

draining_ledger::draining_ledger(std::unique_ptr<ledger_file> adopted)
  : adopted_{std::move(adopted)}, file_{adopted_.get()}, role_{merge_role::adopter}, retiring_{true} {
  verify_all();
}

draining_ledger::draining_ledger(ledger_file& own) : file_{&own}, role_{merge_role::owner}, retiring_{false} {}

void draining_ledger::extend() {
  const auto count = file_->row_count();
  for (auto row = static_cast<std::uint32_t>(rows_.size()); row < count; ++row)
    by_key_.emplace(file_->key(row), row);
  rows_.resize(count);
}

std::optional<std::uint32_t> draining_ledger::find(std::string_view key) {
  extend();
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? std::nullopt : std::optional{at->second};
}

void draining_ledger::verify_all() {
  extend();
  for (auto& row : rows_) {
    row.verify = !row.done;
    row.not_before = {}; // what it was set aside for may be gone
  }
}

void draining_ledger::forget_findings() {
  for (auto& row : rows_)
    row.basis.reset();
}

bool draining_ledger::is_known(const row_bookkeeping& book) const noexcept {
  return is_set(book.generation) || book.sent != ledger_sums{};
}

bool draining_ledger::wants(std::uint32_t row) const {
  const auto& state = rows_[row];
  if (state.done || state.under_way)
    return false;
  const auto book = file_->bookkeeping(row);
  return state.basis || needs_merge(file_->sums(row), book)
         || ((state.verify || (retiring_ && !state.retired)) && is_known(book));
}

bool draining_ledger::only_verifies(std::uint32_t row) const {
  return rows_[row].verify && role_ == merge_role::owner && !rows_[row].basis
         && !needs_merge(file_->sums(row), file_->bookkeeping(row));
}

void draining_ledger::set_aside(std::uint32_t row, boot_time now, std::string reason) {
  auto& state = rows_[row];
  if (state.set_aside_for != reason)
    logger()->warn("counter not merged for now key={} reason={}", log_value(file_->key(row)), log_value(reason));
  state.not_before = now + set_aside_pause;
  state.set_aside_for = std::move(reason);
  state.verify = state.waits = false;
}

// One line for a whole ledger: what made one row so made most of them so.
void draining_ledger::abandon(std::uint32_t row, std::string_view reason) {
  rows_[row].done = true;
  ++ambiguous_;
  if (!std::exchange(abandon_said_, true))
    logger()->warn("counter of an adopted ledger left as it is in the store key={} reason={}", log_value(file_->key(row)), log_value(reason));
}

std::optional<merge_request> draining_ledger::make_request(std::uint32_t row, const drain_view& view) {
  auto& state = rows_[row];
  const auto kept = file_->bookkeeping(row);
  if (const auto least = lost_sums(file_->sums(row), kept)) {
    if (role_ == merge_role::adopter) {
      went_back_ = true;
      abandon(row, "its file went back behind what was merged of it");
      return std::nullopt;
    }
    file_->raise(row, *least);
  }
  const auto book = state.basis ? kept : resumed(kept);
  const auto retire_at = retiring_ ? std::optional{view.wall_seconds} : std::nullopt;
  auto request = make_merge(file_->key(row), file_->writer(), file_->sums(row), book,
                            state.basis.value_or(usual_basis(book)), retire_at);
  if (!request)
    set_aside(row, view.now, "the difference does not fit 64 bits");
  else if (request->book != kept)
    file_->set_bookkeeping(row, request->book);
  return request;
}

merge_batch draining_ledger::next_batch(const drain_view& view, std::size_t at_most, std::size_t& verify_budget) {
  merge_batch next;
  extend();
  const auto count = static_cast<std::uint32_t>(rows_.size());
  for (std::uint32_t looked = 0; looked < count && next.requests.size() < at_most; ++looked) {
    cursor_ = cursor_ + 1 < count ? cursor_ + 1 : 0;
    const auto row = cursor_;
    auto& state = rows_[row];
    if (state.not_before > view.now || (state.waits && !view.past.asked_others) || !wants(row))
      continue;
    if (only_verifies(row)) {
      if (verify_budget == 0)
        continue;
      --verify_budget;
    }
    if (auto request = make_request(row, view)) {
      state.under_way = true;
      next.requests.push_back(std::move(*request));
      next.rows.push_back(row);
    }
  }
  return next;
}

void draining_ledger::take(const merge_batch& asked, const std::vector<merge_verdict>& verdicts, const drain_view& view) {
  for (std::size_t i = 0; i < asked.rows.size(); ++i) {
    rows_[asked.rows[i]].under_way = false;
    if (i < verdicts.size())
      take_one(asked.rows[i], asked.requests[i], verdicts[i], view);
  }
}

void draining_ledger::take_one(std::uint32_t row, const merge_request& asked, const merge_verdict& verdict,
                               const drain_view& view) {
  auto& state = rows_[row];
  const auto before = file_->bookkeeping(row);
  auto past = view.past;
  past.emptied = view.traces && view.traces->emptied_since(asked.before.epoch);
  const auto decision = decide(asked, verdict, before, file_->sums(row), role_, past);
  ambiguous_ += decision.ambiguous ? 1 : 0;
  if (decision.book != before)
    file_->set_bookkeeping(row, decision.book);
  else if (verdict.outcome == merge_outcome::merged)
    file_->renew();
  if (decision.raise_to)
    file_->raise(row, *decision.raise_to);
  const bool merged = verdict.outcome == merge_outcome::merged;
  state.basis = decision.basis;
  state.set_aside_for.clear();
  state.waits = decision.action == merge_action::wait;
  state.retired = merged && asked.retires;
  state.verify = state.verify && !merged;
  if (decision.action == merge_action::abandon)
    abandon(row, decision.reason);
  if (decision.action == merge_action::set_aside)
    set_aside(row, view.now, decision.reason);
}

void draining_ledger::give_up(const merge_batch& asked) {
  for (const auto row : asked.rows)
    rows_[row].under_way = false;
}

bool draining_ledger::row_pending(std::uint32_t row) const {
  if (row >= rows_.size())
    return file_->sums(row) != ledger_sums{};
  return !rows_[row].done && needs_merge(file_->sums(row), file_->bookkeeping(row));
}

bool draining_ledger::arrived(std::uint32_t row, const ledger_sums& target) const {
  if (row < rows_.size() && rows_[row].done)
    return true;
  if (retiring_ && (row >= rows_.size() || rows_[row].under_way || wants(row)))
    return false;
  // The store is not what it was: what had arrived need not be there.
  if (row < rows_.size() && rows_[row].verify && is_known(file_->bookkeeping(row)))
    return false;
  return has_arrived(target, file_->bookkeeping(row));
}

bool draining_ledger::has_unasked() const {
  return std::any_of(rows_.begin(), rows_.end(), [&](const auto& state) {
    const auto row = static_cast<std::uint32_t>(&state - rows_.data());
    return state.verify && !state.waits && !state.done && is_known(file_->bookkeeping(row));
  });
}

bool draining_ledger::stuck() const {
  bool any = false;
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    const bool left = rows_[row].under_way || wants(row);
    if (left && rows_[row].set_aside_for.empty())
      return false;
    any = any || left;
  }
  return any;
}

bool draining_ledger::finished() const {
  if (!retiring_ || batches_under_way > 0 || rows_.size() != file_->row_count())
    return false;
  for (std::uint32_t row = 0; row < rows_.size(); ++row)
    if (wants(row))
      return false;
  return true;
}

} // namespace holdfast

// One row of one ledger and the store that it is merged into: what the counter actor does with a row, without the actor.
// The store is the embedded one, in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/counter_protocol.hpp"
#include "runtime/ledger_id.hpp"
#include "runtime/sqlite_kv.hpp"

namespace holdfast::test {

inline constexpr auto protocol_key = "metrics:a:b";

// A store that can be emptied, put back to an earlier day, and robbed of single keys.
class protocol_store {
public:
  merge_verdict merge(const merge_row& row) { return *database_->merge(row, now_ms); }
  void empty() { database_ = std::move(*sqlite_kv::open(":memory:")); }
  void set_counter(const std::string& text) { database_->set(protocol_key, text, {}); }
  void erase_counter() { database_->erase(protocol_key); }
  void forget_retired() { database_->forget_retired(INT64_MAX); }
  void increase(std::int64_t by) { set_counter(std::to_string(value().value_or(0) + by)); }
  // The counter stays, its record goes.
  void lose_bookkeeping() {
    const auto kept = value();
    empty();
    if (kept)
      set_counter(std::to_string(*kept));
  }
  std::optional<std::int64_t> value() { return database_->read_counter({protocol_key, {}}, now_ms).value; }
  counter_found look(const std::string& writer) { return database_->read_counter({protocol_key, {writer}}, now_ms); }

private:
  static constexpr std::int64_t now_ms = 1'000'000;
  std::unique_ptr<sqlite_kv> database_ = std::move(*sqlite_kv::open(":memory:"));
};

struct protocol_row {
  ledger_id file_writer = random_ledger_id();
  ledger_sums sums;
  row_bookkeeping book;
  merge_role role = merge_role::owner;
  std::optional<std::int64_t> retire_at;
  store_past past;

  std::optional<merge_basis> basis;
  std::uint64_t ambiguous = 0;
  bool retired = false;
  bool verify = false; // ask although nothing is missing
  bool finished = false;
  std::string refused;

  bool wants() const {
    const bool known = is_set(book.generation) || book.sent != ledger_sums{};
    return !finished && (basis || needs_merge(sums, book) || (known && (verify || (retire_at && !retired))));
  }
  // What goes to the store; the file has it first.
  std::optional<merge_request> request() {
    if (!basis)
      book = resumed(book);
    if (const auto least = lost_sums(sums, book)) {
      if (role == merge_role::adopter) {
        finished = true;
        return std::nullopt;
      }
      sums = *least;
    }
    auto made = make_merge(protocol_key, file_writer, sums, book, basis.value_or(usual_basis(book)), retire_at);
    if (made)
      book = made->book;
    return made;
  }
  merge_action take(const merge_request& asked, const merge_verdict& verdict) {
    auto decision = decide(asked, verdict, book, sums, role, past);
    book = decision.book;
    basis = decision.basis;
    if (decision.raise_to)
      sums = *decision.raise_to;
    ambiguous += decision.ambiguous ? 1 : 0;
    refused = decision.reason;
    if (verdict.outcome == merge_outcome::merged) {
      retired = asked.retires;
      verify = false;
    }
    finished = decision.action == merge_action::abandon;
    return decision.action;
  }
  // Until there is nothing more to send.
  merge_action merge(protocol_store& store) {
    auto action = merge_action::done;
    for (int i = 0; i < 10 && wants(); ++i) {
      const auto made = request();
      if (!made)
        return finished ? merge_action::abandon : merge_action::set_aside;
      action = take(*made, store.merge(made->row));
      if (action == merge_action::set_aside || action == merge_action::wait)
        break;
    }
    return action;
  }
  // Killed and started again: only the file is left, and somebody adopts it.
  void die() {
    basis.reset();
    role = merge_role::adopter;
    retire_at = 1;
  }
};

} // namespace holdfast::test

#include "runtime/counter_protocol.hpp"

#include <charconv>

#include "runtime/ledger_file.hpp"

namespace holdfast {

namespace {

__extension__ using wide = __int128;

// The mark of a generation is the lowest bit of its first byte.
enum class generation_mark : std::uint8_t { emptied = 0, kept = 1 };

ledger_id new_generation(generation_mark mark) {
  auto id = random_ledger_id();
  id[0] = static_cast<std::uint8_t>((id[0] & 0xFE) | static_cast<std::uint8_t>(mark));
  return id;
}

generation_mark mark_of(const ledger_id& generation) noexcept {
  return static_cast<generation_mark>(generation[0] & 1);
}

bool within(const ledger_sums& part, const ledger_sums& whole) noexcept {
  return part.added <= whole.added && part.subtracted <= whole.subtracted;
}

ledger_sums larger(const ledger_sums& a, const ledger_sums& b) noexcept {
  return {a.added > b.added ? a.added : b.added, a.subtracted > b.subtracted ? a.subtracted : b.subtracted};
}

ledger_sums together(const ledger_sums& a, const ledger_sums& b) noexcept {
  return {a.added + b.added, a.subtracted + b.subtracted};
}

bool is_zero(const ledger_sums& sums) noexcept { return sums == ledger_sums{}; }

merge_decision again(const row_bookkeeping& book, merge_state expected, const ledger_sums& base) {
  merge_decision decision;
  decision.action = merge_action::again;
  decision.book = book;
  decision.basis = {std::move(expected), base};
  return decision;
}

merge_decision after_merge(const merge_row& asked, const row_bookkeeping& book) {
  merge_decision decision;
  decision.book = book;
  if (const auto state = parse_writer_state(asked.new_state))
    decision.book.merged = state->sums;
  decision.book.sent = larger(decision.book.sent, decision.book.merged);
  decision.book.generation = ledger_id_from(
    asked.expected.generation.empty() ? asked.new_generation : asked.expected.generation);
  return decision;
}

// Our field is retired: a late duplicate, or a copy of our file was adopted. Its sums are in the store for good.
merge_decision after_retirement(const ledger_sums& retired, const merge_state& found, const row_bookkeeping& book,
                                const ledger_sums& sums) {
  merge_decision decision;
  decision.book = book;
  decision.book.carried = together(book.carried, retired);
  decision.book.writer = random_ledger_id();
  decision.book.merged = decision.book.sent = {};
  decision.book.generation = ledger_id_from(found.generation);
  if (!within(decision.book.carried, sums))
    decision.raise_to = decision.book.carried;
  else if (decision.book.carried != sums)
    decision.action = merge_action::again;
  decision.basis = {{found.generation, {}, false}, {}};
  return decision;
}

merge_decision on_own_field(const writer_state& field, const merge_state& found, const row_bookkeeping& book,
                            const ledger_sums& sums, merge_role role) {
  if (field.retired_at)
    return after_retirement(field.sums, found, book, sums);
  if (within(field.sums, own_part(sums, book)))
    return again(book, {found.generation, found.state, false}, field.sums);
  merge_decision decision;
  decision.book = book;
  if (role == merge_role::adopter) {
    decision.action = merge_action::abandon;
    decision.reason = "the store knows more of this writer than the file: the writer lives elsewhere";
    return decision;
  }
  decision = again(book, {found.generation, found.state, false}, field.sums);
  decision.raise_to = together(larger(field.sums, own_part(sums, book)), book.carried);
  return decision;
}

merge_decision on_mismatch(const merge_state& found, const row_bookkeeping& book, const ledger_sums& sums, merge_role role) {
  if (!found.state.empty()) {
    const auto field = parse_writer_state(found.state);
    if (field)
      return on_own_field(*field, found, book, sums, role);
    merge_decision decision;
    decision.action = merge_action::set_aside;
    decision.book = book;
    decision.reason = "the store's record of this writer is unreadable";
    return decision;
  }
  const auto generation = ledger_id_from(found.generation);
  bool kept = false;
  if (found.generation.empty())
    kept = found.counter_exists;
  else if (generation != book.generation && generation != book.own_generation)
    kept = mark_of(generation) == generation_mark::kept;
  auto decision = again(book, {found.generation, {}, found.counter_exists}, kept ? book.sent : ledger_sums{});
  decision.ambiguous = kept && !is_zero(book.sent);
  return decision;
}

} // namespace

std::string to_text(const writer_state& state) {
  auto text = std::to_string(state.sums.added) + ' ' + std::to_string(state.sums.subtracted);
  if (state.retired_at)
    text += " r" + std::to_string(*state.retired_at);
  return text;
}

std::optional<writer_state> parse_writer_state(std::string_view text) noexcept {
  writer_state state;
  const auto* at = text.data();
  const auto* const end = at + text.size();
  const auto number = [&](auto& into) {
    const auto [next, error] = std::from_chars(at, end, into);
    const bool good = error == std::errc{} && next != at;
    at = next;
    return good;
  };
  if (!number(state.sums.added) || at == end || *at++ != ' ' || !number(state.sums.subtracted))
    return std::nullopt;
  if (at == end)
    return state;
  std::int64_t retired = 0;
  if (end - at < 3 || *at++ != ' ' || *at++ != 'r' || !number(retired) || at != end)
    return std::nullopt;
  state.retired_at = retired;
  return state;
}

merge_basis usual_basis(const row_bookkeeping& book) {
  merge_basis basis;
  basis.expected.generation = to_text(book.generation);
  basis.base = book.merged;
  if (!is_zero(book.merged))
    basis.expected.state = to_text(writer_state{book.merged, {}});
  return basis;
}

ledger_sums own_part(const ledger_sums& sums, const row_bookkeeping& book) noexcept {
  return within(book.carried, sums)
           ? ledger_sums{sums.added - book.carried.added, sums.subtracted - book.carried.subtracted}
           : ledger_sums{};
}

bool needs_merge(const ledger_sums& sums, const row_bookkeeping& book) noexcept {
  return own_part(sums, book) != book.merged;
}

std::optional<merge_request> make_merge(std::string_view key, const ledger_id& file_writer, const ledger_sums& sums,
                                        const row_bookkeeping& book, const merge_basis& basis,
                                        std::optional<std::int64_t> retire_at) {
  const auto own = own_part(sums, book);
  const wide difference = (static_cast<wide>(own.added) - static_cast<wide>(basis.base.added))
                          - (static_cast<wide>(own.subtracted) - static_cast<wide>(basis.base.subtracted));
  if (difference > INT64_MAX || difference < INT64_MIN)
    return std::nullopt;
  merge_request request;
  request.book = book;
  request.sent_before = book.sent;
  request.book.sent = larger(book.sent, own);
  request.row.key = key;
  request.row.writer = to_text(is_set(book.writer) ? book.writer : file_writer);
  request.row.expected = basis.expected;
  request.row.new_state = to_text(writer_state{own, retire_at});
  request.row.difference = static_cast<std::int64_t>(difference);
  if (basis.expected.generation.empty()) {
    request.book.own_generation
      = new_generation(basis.expected.counter_exists ? generation_mark::kept : generation_mark::emptied);
    request.row.new_generation = to_text(request.book.own_generation);
  }
  return request;
}

merge_decision decide(const merge_request& asked, const merge_verdict& verdict, const row_bookkeeping& book,
                      const ledger_sums& sums, merge_role role) {
  if (verdict.outcome == merge_outcome::merged)
    return after_merge(asked.row, book);
  auto before = book;
  before.sent = asked.sent_before;
  if (verdict.outcome == merge_outcome::mismatch)
    return on_mismatch(verdict.found, before, sums, role);
  merge_decision decision;
  decision.action = merge_action::set_aside;
  decision.book = before;
  decision.reason = verdict.reason;
  return decision;
}

} // namespace holdfast

#include "runtime/counter_protocol.hpp"

#include "runtime/ledger_id.hpp"

namespace holdfast {

namespace {

__extension__ using wide = __int128;

// The mark of a generation is the lowest bit of its first byte.
ledger_id new_generation(generation_mark mark) {
  auto id = random_ledger_id();
  id[0] = static_cast<std::uint8_t>((id[0] & 0xFE) | static_cast<std::uint8_t>(mark));
  return id;
}

generation_mark mark_of(const ledger_id& generation) noexcept {
  return static_cast<generation_mark>(generation[0] & 1);
}

ledger_sums larger(const ledger_sums& a, const ledger_sums& b) noexcept {
  return {a.added > b.added ? a.added : b.added, a.subtracted > b.subtracted ? a.subtracted : b.subtracted};
}

ledger_sums together(const ledger_sums& a, const ledger_sums& b) noexcept {
  return {a.added + b.added, a.subtracted + b.subtracted};
}

bool is_zero(const ledger_sums& sums) noexcept { return sums == ledger_sums{}; }

// How a store that holds `found` stands to us: which of our sums are in its counter, and by which rule.
struct standing {
  ledger_sums base;
  bool joins = false;
  bool kept = false; // by the mark or the making of a `kept` record: nobody knows better
  generation_mark mark = generation_mark::emptied;
};

standing with_field(const ledger_sums& field, const ledger_id& generation, const row_bookkeeping& book,
                    bool emptied) noexcept {
  const bool known = generation == book.generation || generation == book.joining;
  // A field that was written late, by a join long given up, knows less than was sent since.
  if (!known && !emptied && mark_of(generation) == generation_mark::kept && !within(book.sent, field))
    return {larger(book.sent, field), true, true};
  return {field};
}

standing without_field(const merge_state& found, const row_bookkeeping& book, bool emptied) noexcept {
  const auto generation = ledger_id_from(found.generation);
  if (!found.generation.empty() && generation == book.joining)
    return {book.joined, true};
  // The mark is for others, who may have counted in the emptied store.
  const auto mark = !found.generation.empty() ? mark_of(generation)
                    : found.counter_exists    ? generation_mark::kept
                                              : generation_mark::emptied;
  const bool kept = mark == generation_mark::kept && !emptied;
  return {kept ? book.sent : ledger_sums{}, true, kept, mark};
}

// This record is known to hold this state of ours.
void settle_in(row_bookkeeping& book, const ledger_id& generation, const ledger_sums& merged) noexcept {
  book.merged = merged;
  book.sent = larger(book.sent, merged);
  book.generation = generation;
  if (book.joining == generation)
    return;
  book.joined = {};
  book.joining = mark_of(generation) == generation_mark::emptied ? generation : ledger_id{};
}

bool of_other_epoch(const row_bookkeeping& book, const ledger_id& epoch) noexcept {
  return is_set(book.epoch) && epoch != book.epoch;
}

bool was_emptied(const row_bookkeeping& book, const store_past& past) noexcept {
  return of_other_epoch(book, past.epoch) && past.emptied && past.asked_others;
}

// Whether the fate of the other counters decides how this row is meant.
bool has_to_wait(const row_bookkeeping& book, const store_past& past) noexcept {
  return of_other_epoch(book, past.epoch) && !past.asked_others;
}

merge_decision after_merge(const merge_request& asked, const row_bookkeeping& book, const ledger_id& epoch) {
  merge_decision decision;
  decision.book = book;
  const auto state = parse_writer_state(asked.row.new_state).value_or(writer_state{});
  const auto& generation
    = asked.row.expected.generation.empty() ? asked.row.new_generation : asked.row.expected.generation;
  settle_in(decision.book, ledger_id_from(generation), state.sums);
  decision.book.epoch = epoch;
  return decision;
}

// Our field is retired: a late duplicate, or a copy of our file was adopted. Its sums are in the store for good.
merge_decision after_retirement(const ledger_sums& retired, const ledger_id& writer, const merge_state& found,
                                const row_bookkeeping& book, const ledger_sums& sums, merge_role role,
                                const ledger_id& epoch) {
  merge_decision decision;
  auto& next = decision.book;
  next = book;
  next.epoch = epoch;
  next.carried = together(book.carried, retired);
  next.writer = successor_of(writer, retired);
  next.merged = next.sent = next.joined = {};
  next.generation = next.joining = {};
  if (!within(next.carried, sums)) {
    if (role == merge_role::owner)
      decision.raise_to = larger(next.carried, sums);
    else
      decision.action = merge_action::abandon;
  } else if (role == merge_role::owner || next.carried != sums) {
    // The owner's fresh id gets a field at once: retired ones are forgotten in time, and it has to be told from those.
    decision.action = merge_action::again;
    decision.basis = merge_basis{{found.generation, {}, false}, {}, true};
  }
  return decision;
}

// Back to the file's id: what the store holds of that tells how it stands.
row_bookkeeping started_over(const row_bookkeeping& book) {
  auto next = book;
  next.sent = together(book.carried, book.sent);
  next.carried = next.merged = next.joined = {};
  next.writer = next.generation = next.joining = {};
  return next;
}

merge_decision answer_with(const row_bookkeeping& book, merge_action action, std::string reason) {
  merge_decision decision;
  decision.action = action;
  decision.book = book;
  decision.reason = std::move(reason);
  return decision;
}

merge_decision on_own_field(const merge_request& asked, const merge_state& found, const row_bookkeeping& book,
                            const ledger_sums& sums, merge_role role, const store_past& past) {
  const auto field = parse_writer_state(found.state);
  if (!field)
    return answer_with(book, merge_action::set_aside, "the store's record of this writer is unreadable");
  if (field->retired_at)
    return after_retirement(field->sums, ledger_id_from(asked.row.writer), found, book, sums, role, past.epoch);
  const bool ahead = !within(field->sums, own_part(sums, book));
  if (ahead && role == merge_role::adopter)
    return answer_with(book, merge_action::abandon,
                  "the store knows more of this writer than the file: the file went back, or the writer lives elsewhere");
  const auto stands
    = with_field(field->sums, ledger_id_from(found.generation), book, was_emptied(book, past));
  if (stands.kept && has_to_wait(book, past))
    return answer_with(book, merge_action::wait, {});
  merge_decision decision;
  decision.action = merge_action::again;
  decision.book = book;
  decision.basis = merge_basis{{found.generation, found.state, false}, stands.base, stands.joins};
  decision.ambiguous = stands.kept;
  if (ahead)
    decision.raise_to = together(larger(stands.base, own_part(sums, book)), book.carried);
  return decision;
}

merge_decision on_mismatch(const merge_request& asked, const merge_state& found, const row_bookkeeping& book,
                           const ledger_sums& sums, merge_role role, const store_past& past) {
  if (!found.state.empty())
    return on_own_field(asked, found, book, sums, role, past);
  // The record lost the field of an id that followed a retired one: what became of that one decides.
  if (!is_zero(book.carried))
    return answer_with(started_over(book), merge_action::again, {});
  const auto stands = without_field(found, book, was_emptied(book, past));
  const bool in_doubt = stands.kept && !is_zero(book.sent);
  if (in_doubt && has_to_wait(book, past))
    return answer_with(book, merge_action::wait, {});
  merge_decision decision;
  decision.action = merge_action::again;
  decision.book = book;
  decision.basis = merge_basis{{found.generation, {}, found.counter_exists}, stands.base, stands.joins, stands.mark};
  decision.ambiguous = in_doubt;
  return decision;
}

} // namespace

bool within(const ledger_sums& part, const ledger_sums& whole) noexcept {
  return part.added <= whole.added && part.subtracted <= whole.subtracted;
}

merge_basis usual_basis(const row_bookkeeping& book) {
  // A join whose fate is not known: writing the same again tells, and sends nothing.
  if (!is_set(book.generation) && is_set(book.joining))
    return {{to_text(book.joining), to_text(writer_state{book.joined, {}}), false}, book.joined, true};
  if (!is_set(book.generation))
    return {{}, {}, true};
  return {{to_text(book.generation), to_text(writer_state{book.merged, {}}), false}, book.merged};
}

row_bookkeeping resumed(const row_bookkeeping& book) {
  return is_zero(book.carried) || is_set(book.generation) ? book : started_over(book);
}

ledger_sums own_part(const ledger_sums& sums, const row_bookkeeping& book) noexcept {
  return within(book.carried, sums)
           ? ledger_sums{sums.added - book.carried.added, sums.subtracted - book.carried.subtracted}
           : ledger_sums{};
}

bool needs_merge(const ledger_sums& sums, const row_bookkeeping& book) noexcept {
  return sums != together(book.carried, book.merged);
}

bool has_arrived(const ledger_sums& target, const row_bookkeeping& book) noexcept {
  return within(target, together(book.carried, book.merged));
}

std::optional<ledger_sums> lost_sums(const ledger_sums& sums, const row_bookkeeping& book) noexcept {
  const auto known = together(book.carried, book.merged);
  if (within(known, sums))
    return std::nullopt;
  return larger(known, sums);
}

std::optional<merge_request> make_merge(std::string_view key, const ledger_id& file_writer, const ledger_sums& sums,
                                        const row_bookkeeping& book, const merge_basis& basis,
                                        std::optional<std::int64_t> retire_at) {
  const auto own = basis.joins ? basis.base : own_part(sums, book);
  const wide difference = (static_cast<wide>(own.added) - static_cast<wide>(basis.base.added))
                          - (static_cast<wide>(own.subtracted) - static_cast<wide>(basis.base.subtracted));
  if (difference > INT64_MAX || difference < INT64_MIN)
    return std::nullopt;
  merge_request request;
  request.before = request.book = book;
  request.joins = basis.joins;
  request.retires = retire_at && !basis.joins;
  request.row.key = key;
  request.row.writer = to_text(is_set(book.writer) ? book.writer : file_writer);
  request.row.expected = basis.expected;
  request.row.new_state = to_text(writer_state{own, basis.joins ? std::nullopt : retire_at});
  request.row.difference = static_cast<std::int64_t>(difference);
  if (!basis.joins) {
    // Learnt from what was found; the file has to know it before the increments go out.
    settle_in(request.book, ledger_id_from(basis.expected.generation), basis.base);
    request.book.sent = larger(book.sent, own);
    if (is_set(basis.epoch))
      request.book.epoch = basis.epoch;
    return request;
  }
  request.book.joined = basis.base;
  if (basis.expected.generation.empty()) {
    request.book.joining = new_generation(basis.mark);
    request.row.new_generation = to_text(request.book.joining);
  } else {
    request.book.joining = ledger_id_from(basis.expected.generation);
  }
  return request;
}

merge_decision decide(const merge_request& asked, const merge_verdict& verdict, const row_bookkeeping& book,
                      const ledger_sums& sums, merge_role role, const store_past& past) {
  if (verdict.outcome == merge_outcome::merged)
    return after_merge(asked, book, past.epoch);
  if (verdict.outcome == merge_outcome::mismatch) {
    auto decision = on_mismatch(asked, verdict.found, asked.before, sums, role, past);
    if (decision.basis)
      decision.basis->epoch = past.epoch;
    return decision;
  }
  return answer_with(asked.before, merge_action::set_aside, verdict.reason);
}

ledger_sums counted_in_store(const merge_state& found, const row_bookkeeping& book) {
  if (const auto field = parse_writer_state(found.state)) {
    if (field->retired_at)
      return field->sums;
    return with_field(field->sums, ledger_id_from(found.generation), book, false).base;
  }
  return without_field(found, book, false).base;
}

} // namespace holdfast

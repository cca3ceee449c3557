#include "tests/support/runtime_protocol_model.hpp"

#include <algorithm>

namespace holdfast::test {

namespace {

constexpr std::size_t messages_max = 24;
constexpr std::size_t ledgers_max = 6;
constexpr std::size_t snapshots_max = 8;
constexpr std::size_t story_max = 200;

std::int64_t net(const ledger_sums& sums) { return static_cast<std::int64_t>(sums.added - sums.subtracted); }

std::string short_of(const std::string& id) { return id.empty() ? "-" : id.substr(0, 4); }
std::string told(const std::optional<std::int64_t>& counter) { return counter ? std::to_string(*counter) : "no counter"; }

} // namespace

protocol_model::protocol_model(faults what, std::uint64_t seed)
  : faults_{what}, random_{seed}, subtracts_{seed % 2 == 1} {
  open_ledger();
  if (faults_.rivals && chance(2))
    store_.counter = 1000;
}

void protocol_model::open_ledger() {
  ledger next;
  next.name = ++names_;
  next.process = counted_.size();
  next.earlier = next.row;
  counted_.push_back(0);
  ledgers_.push_back(std::move(next));
}

void protocol_model::note(std::string what) {
  story_.push_back(std::move(what));
  if (story_.size() > story_max)
    story_.pop_front();
}

void protocol_model::step() {
  const auto dice = random_() % 100;
  if (dice < 30)
    count();
  else if (dice < 60)
    send();
  else if (dice < 94)
    deliver();
  else
    happen();
  bury();
}

void protocol_model::count() {
  auto& one = somebody();
  if (one.row.role == merge_role::adopter || one.row.retire_at)
    return;
  const ledger_sums more{random_() % 10, subtracts_ ? random_() % 4 : 0};
  one.row.sums.added += more.added;
  one.row.sums.subtracted += more.subtracted;
  counted_[one.process] += net(more);
  note("ledger " + std::to_string(one.name) + " counts to " + to_text(writer_state{one.row.sums, {}}));
}

void protocol_model::send() {
  auto& one = somebody();
  // A request that is given up may still be carried out, and may still be answered.
  if (one.flying && (!faults_.messages || !chance(3)))
    return;
  one.flying.reset();
  if (!one.row.wants())
    return;
  one.flying = one.row.request();
  if (!one.flying)
    return;
  one.number = ++names_;
  const auto& row = one.flying->row;
  note("ledger " + std::to_string(one.name) + " sends #" + std::to_string(one.number) + " as " + short_of(row.writer) + ": ("
       + short_of(row.expected.generation) + ", " + row.expected.state + ") to " + row.new_state + ", "
       + std::to_string(row.difference));
  messages_.push_back({one.name, one.process, one.number, row});
  if (messages_.size() > messages_max)
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(random_() % messages_.size()));
}

void protocol_model::deliver() {
  if (messages_.empty())
    return;
  const auto at = messages_.begin() + static_cast<std::ptrdiff_t>(random_() % messages_.size());
  auto what = *at;
  // TCP doubles nothing, and the link sends nothing again: what was answered is not carried out later. Copies are here to be
  // harmless where the record lives; one that comes late, and the record's eviction after it, would count twice.
  if (faults_.messages && !faults_.evictions && chance(6))
    at->doubled = true;
  else
    messages_.erase(at);
  if (faults_.messages && chance(8)) {
    note(std::string{what.answer ? "answer" : "request"} + " #" + std::to_string(what.number) + " is lost");
    return;
  }
  take(what);
}

void protocol_model::take(message& what) {
  if (!what.answer) {
    what.answer = carry_out(what);
    if (what.doubled)
      return;
    what.epoch = store_.epoch;
    what.era = store_.era;
    what.upheavals = upheavals_;
    messages_.push_back(what);
    return;
  }
  for (auto& one : ledgers_)
    if (one.name == what.ledger && one.flying && one.number == what.number) {
      one.row.past = past_of(one.row.book, what.epoch, what.era);
      one.row.take(*one.flying, *what.answer);
      one.upheavals = what.upheavals;
      note("ledger " + std::to_string(one.name) + " hears of #" + std::to_string(what.number)
           + (one.row.ambiguous ? ", ambiguous" : ""));
      ambiguous_ += std::exchange(one.row.ambiguous, 0);
      one.flying.reset();
    }
}

merge_verdict protocol_model::carry_out(const message& what) {
  const auto& row = what.row;
  const auto field = store_.fields.find(row.writer);
  const merge_state found{store_.generation, field == store_.fields.end() ? "" : field->second, store_.counter.has_value()};
  const auto said = "store: #" + std::to_string(what.number) + " finds (" + short_of(found.generation) + ", " + found.state + ") and "
                    + told(store_.counter);
  if (found.generation != row.expected.generation || found.state != row.expected.state
      || (found.generation.empty() && found.counter_exists != row.expected.counter_exists)) {
    note(said);
    return {merge_outcome::mismatch, found, {}};
  }
  if (row.difference != 0)
    store_.counter = store_.counter.value_or(0) + row.difference;
  if (found.generation.empty())
    store_.generation = row.new_generation;
  store_.fields[row.writer] = row.new_state;
  auto& brought = store_.brought[what.process];
  brought += row.difference;
  note(said + ", carried out: " + std::to_string(*store_.counter));
  if (doubled_.empty() && !subtracts_ && brought > counted_[what.process])
    doubled_ = "process " + std::to_string(what.process) + " counted " + std::to_string(counted_[what.process]) + ", brought "
               + std::to_string(brought) + " with #" + std::to_string(what.number);
  return {merge_outcome::merged, {}, {}};
}

void protocol_model::happen() {
  switch (random_() % 8) {
    case 0:
      if (ledgers_.size() < ledgers_max)
        open_ledger();
      break;
    case 1: end_somebody(); break;
    case 2: copy_somebody(); break;
    case 3: somebody().row.basis.reset(); break;
    case 4:
    case 5: change_store(); break;
    case 6: roll_back(); break;
    default:
      past_.push_back(store_);
      if (past_.size() > snapshots_max)
        past_.pop_front();
      if (auto& one = somebody(); chance(2))
        one.earlier = one.row;
  }
}

void protocol_model::end_somebody() {
  auto& one = somebody();
  if (one.row.role == merge_role::owner && chance(3)) {
    one.row.retire_at = 1; // a clean stop
    note("ledger " + std::to_string(one.name) + " is being closed");
  } else if (faults_.deaths) {
    one.flying.reset();
    if (faults_.power_loss && one.row.role == merge_role::owner && chance(2)) {
      if (!chance(3))
        one.row.sums = one.earlier.sums;
      if (!chance(3))
        one.row.book = one.earlier.book;
    }
    one.row.die();
    note("ledger " + std::to_string(one.name) + " is adopted");
  }
}

void protocol_model::copy_somebody() {
  if (!faults_.copies || ledgers_.size() >= ledgers_max)
    return;
  auto copy = somebody();
  copy.row.die();
  copy.flying.reset();
  note("ledger " + std::to_string(copy.name) + " is copied as " + std::to_string(names_ + 1));
  copy.name = ++names_;
  ledgers_.push_back(std::move(copy));
}

void protocol_model::new_epoch() {
  store_.epoch = random_ledger_id();
  eras_[store_.epoch] = store_.era;
}

store_past protocol_model::past_of(const row_bookkeeping& book, const ledger_id& epoch, std::uint64_t era) const {
  const auto of_book = eras_.find(book.epoch);
  return {epoch, era == newest_era_ && of_book != eras_.end() && of_book->second != era, true};
}

void protocol_model::change_store() {
  const auto dice = random_() % 8;
  if (dice == 0 && faults_.emptied) {
    store_ = {};
    store_.era = ++newest_era_;
    new_epoch();
    ++upheavals_;
    note("store: FLUSHALL");
  } else if (dice < 4 && faults_.rivals) {
    store_.counter = store_.counter.value_or(0) + 1000;
    note("store: INCRBY 1000");
  } else if (dice == 4 && faults_.deletions) {
    store_.counter.reset();
    note("store: DEL");
  } else if (dice == 5 && faults_.evictions) {
    store_.generation.clear();
    store_.fields.clear();
    note("store: the record is evicted");
  } else if (dice == 6 && faults_.evictions) {
    new_epoch();
    note("store: the epoch is evicted");
  } else if (dice == 7 && faults_.forgets) {
    forget_retired();
  }
  if (!store_.counter && store_.generation.empty() && !store_.brought.empty()) {
    store_.brought.clear(); // nothing of it is left: as good as emptied
    ++upheavals_;
  }
}

// A month after: adopted files are set aside by then, and owners have compared every row many times over.
void protocol_model::forget_retired() {
  const auto has_living_field = [&](const ledger& one) {
    const auto field = store_.fields.find(to_text(is_set(one.row.book.writer) ? one.row.book.writer : one.row.file_writer));
    const auto state = field == store_.fields.end() ? std::nullopt : parse_writer_state(field->second);
    return state && !state->retired_at && to_text(one.row.book.generation) == store_.generation;
  };
  for (const auto& one : ledgers_)
    if (one.row.role == merge_role::adopter || one.row.retire_at || (one.row.sums != ledger_sums{} && !has_living_field(one)))
      return;
  messages_.clear();
  past_.clear();
  for (auto& one : ledgers_)
    one.flying.reset();
  std::erase_if(store_.fields, [](const auto& field) {
    const auto state = parse_writer_state(field.second);
    return state && state->retired_at;
  });
  note("store: retired writers are forgotten");
}

void protocol_model::roll_back() {
  if (!faults_.rollbacks || past_.empty() || chance(2))
    return;
  const auto kept = random_() % past_.size();
  past_.resize(kept + 1);
  store_ = past_.back();
  ++upheavals_;
  messages_.clear(); // they die with the old primary's connections
  for (auto& one : ledgers_) {
    one.flying.reset();
    one.row.basis.reset();
  }
  note("store: goes back to " + told(store_.counter));
}

// Ledgers that are done with leave; what they held must have arrived.
void protocol_model::bury() {
  std::erase_if(ledgers_, [&](const ledger& one) {
    if (one.flying || one.row.wants() || (one.row.role == merge_role::owner && !one.row.retire_at))
      return false;
    const auto copies = std::count_if(ledgers_.begin(), ledgers_.end(), [&](const auto& other) { return other.process == one.process; });
    if (copies == 1 && one.upheavals == upheavals_ && !subtracts_ && store_.brought[one.process] < net(one.row.sums))
      lost_ = "ledger " + std::to_string(one.name) + " was buried with " + std::to_string(net(one.row.sums)) + ", it brought "
              + std::to_string(store_.brought[one.process]);
    note("ledger " + std::to_string(one.name) + " is done");
    return true;
  });
  if (ledgers_.empty())
    open_ledger();
}

bool protocol_model::settle() {
  while (!faults_.messages && !messages_.empty())
    deliver();
  faults_ = {.messages = false};
  messages_.clear();
  for (auto& one : ledgers_) {
    one.flying.reset();
    one.row.verify = true;
  }
  for (int turn = 0; turn < 2000; ++turn) {
    bool rest = true;
    for (auto& one : ledgers_) {
      one.row.past = past_of(one.row.book, store_.epoch, store_.era);
      if (!one.row.wants())
        continue;
      rest = false;
      one.flying = one.row.request();
      if (!one.flying)
        continue;
      message what{one.name, one.process, one.number = ++names_, one.flying->row};
      take(what);
      messages_.clear();
      take(what);
    }
    bury();
    if (rest)
      return true;
  }
  return false;
}

std::string protocol_model::lost() const {
  for (const auto& one : ledgers_) {
    const auto brought = store_.brought.find(one.process);
    const auto here = brought == store_.brought.end() ? 0 : brought->second;
    if (here != net(one.row.sums))
      return "ledger " + std::to_string(one.name) + " holds " + std::to_string(net(one.row.sums)) + ", it brought " + std::to_string(here);
  }
  return lost_;
}

std::string protocol_model::story() const {
  std::string text;
  for (const auto& line : story_)
    text += line + '\n';
  return text;
}

} // namespace holdfast::test

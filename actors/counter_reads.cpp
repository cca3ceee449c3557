#include "actors/counter_reads.hpp"

#include <algorithm>
#include <limits>

#include "runtime/glob.hpp"

namespace holdfast {

namespace {

constexpr std::size_t remembered_max = 8192;
constexpr std::uint64_t own_ledger = 0; // the number of the one that this process counts in

// Sums wrap like the counters they stand for.
std::uint64_t net(const ledger_sums& sums) noexcept { return sums.added - sums.subtracted; }

std::int64_t to_signed(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

// Calls with every row that counts this key: its ledger's number, its ledger, and its own number.
template <class Visit>
void for_each_row(counter_state& state, std::string_view key, Visit visit) {
  for (const auto& [number, ledger] : state.ledgers)
    if (const auto row = ledger->find(key))
      visit(number, ledger->file(), *row);
}

// What of a row may be in the store.
std::uint64_t ever_sent(const ledger_file& file, std::uint32_t row) {
  const auto book = file.bookkeeping(row);
  return net(book.carried) + net(book.sent);
}

// All that our ledgers ever counted of this key.
std::uint64_t counted_here(counter_state& state, std::string_view key) {
  std::uint64_t sum = 0;
  for_each_row(state, key, [&](std::uint64_t, const ledger_file& file, std::uint32_t row) { sum += net(file.sums(row)); });
  return sum;
}

// All that the asked ledgers ever counted of it, as far as it was asked about.
std::uint64_t counted_as_asked(const counter_question& asked) {
  std::uint64_t sum = 0;
  for (const auto& row : asked.rows)
    sum += net(row.part) + net(row.book.carried);
  return sum;
}

void remember(counter_state& state, const counter_reading& reading, const counter_question& asked) {
  if (state.remembered.size() >= remembered_max && !state.remembered.contains(reading.key))
    return;
  auto elsewhere = static_cast<std::uint64_t>(reading.value) - counted_as_asked(asked);
  // Ledgers come and go while the store is being asked.
  for_each_row(state, asked.key, [&](std::uint64_t number, const ledger_file& file, std::uint32_t row) {
    if (std::none_of(asked.rows.begin(), asked.rows.end(), [&](const auto& one) { return one.ledger == number; }))
      elsewhere -= ever_sent(file, row);
  });
  for (const auto& row : asked.rows)
    if (!state.ledgers.contains(row.ledger))
      elsewhere += net(row.part) + net(row.book.carried);
  state.remembered[reading.key] = {to_signed(elsewhere), reading.exists, reading.is_integer, *reading.as_of};
}

} // namespace

counter_question question_about(counter_state& state, const std::string& key) {
  counter_question question{key, {}};
  for_each_row(state, key, [&](std::uint64_t number, const ledger_file& file, std::uint32_t row) {
    const auto book = file.bookkeeping(row);
    question.rows.push_back({number, to_text(is_set(book.writer) ? book.writer : file.writer()), own_part(file.sums(row), book), book});
  });
  return question;
}

store_read_counters to_store(const std::vector<counter_question>& questions, boot_time deadline) {
  store_read_counters reads{{}, deadline};
  for (const auto& question : questions) {
    counter_read read{question.key, {}};
    for (const auto& row : question.rows)
      read.writers.push_back(row.writer);
    reads.reads.push_back(std::move(read));
  }
  return reads;
}

counter_reading reading_from(counter_state& state, const counter_question& asked, const counter_found& found) {
  counter_reading reading;
  reading.key = asked.key;
  reading.exists = found.exists || !asked.rows.empty();
  reading.is_integer = !found.exists || found.value.has_value();
  reading.source = state.settings.store_kind;
  reading.as_of = state.clock->wall_now();
  auto value = found.value.value_or(0);
  for (std::size_t i = 0; i < asked.rows.size(); ++i) {
    const auto& row = asked.rows[i];
    const merge_state stored{found.generation, i < found.states.size() ? found.states[i] : std::string{}, found.exists};
    const auto counted = counted_in_store(stored, row.book);
    // A copy of a ledger whose owner lives elsewhere is behind what the owner has brought.
    if (row.ledger != own_ledger && !within(counted, row.part))
      continue;
    const auto missing = to_signed(net(row.part) - net(counted));
    if (__builtin_add_overflow(value, missing, &value))
      value = missing > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
  }
  reading.value = value;
  remember(state, reading, asked);
  return reading;
}

counter_reading reading_without_store(counter_state& state, const std::string& key) {
  counter_reading reading;
  reading.key = key;
  const auto counted = counted_here(state, key);
  const auto known = state.remembered.find(key);
  if (known != state.remembered.end()) {
    reading.exists = known->second.exists;
    reading.is_integer = known->second.is_integer;
    reading.as_of = known->second.as_of;
    reading.value = to_signed(static_cast<std::uint64_t>(known->second.elsewhere) + counted);
  } else {
    reading.value = to_signed(counted);
  }
  for_each_row(state, key, [&](std::uint64_t, const ledger_file&, std::uint32_t) { reading.exists = true; });
  reading.source = counter_source::ledger;
  return reading;
}

void remember_as_adopted(counter_state& state, const draining_ledger& ledger) {
  const auto& file = ledger.file();
  for (std::uint32_t row = 0; row < file.row_count(); ++row)
    if (const auto known = state.remembered.find(file.key(row)); known != state.remembered.end())
      known->second.elsewhere = to_signed(static_cast<std::uint64_t>(known->second.elsewhere) - ever_sent(file, row));
}

void remember_as_brought(counter_state& state, const draining_ledger& ledger) {
  const auto& file = ledger.file();
  for (std::uint32_t row = 0; row < file.row_count(); ++row)
    if (const auto known = state.remembered.find(file.key(row)); known != state.remembered.end())
      known->second.elsewhere = to_signed(static_cast<std::uint64_t>(known->second.elsewhere) + net(file.sums(row)));
}

std::vector<std::string> own_keys(const counter_state& state, std::string_view glob) {
  std::vector<std::string> keys;
  for (const auto& [number, ledger] : state.ledgers)
    for (std::uint32_t row = 0; row < ledger->file().row_count(); ++row)
      if (glob_matches(glob, ledger->file().key(row)))
        keys.emplace_back(ledger->file().key(row));
  return keys;
}

} // namespace holdfast

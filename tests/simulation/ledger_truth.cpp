#include "tests/simulation/ledger_truth.hpp"

#include "runtime/ledger_id.hpp"
#include "runtime/writer_state.hpp"

namespace holdfast::simulation {

namespace {

std::int64_t net(const ledger_sums& sums) noexcept { return static_cast<std::int64_t>(sums.added - sums.subtracted); }

amounts sums_of(const ledger_file& file) {
  amounts all;
  for (std::uint32_t row = 0; row < file.row_count(); ++row)
    all.emplace(file.key(row), net(file.sums(row)));
  return all;
}

std::int64_t amount_of(const amounts& all, std::string_view key) {
  const auto found = all.find(key);
  return found == all.end() ? 0 : found->second;
}

} // namespace

void ledger_truth::opened(opening_number opening, const std::shared_ptr<counter_ledger>& ledger) {
  openings_[opening] = {ledger, ledger->file().path(), {}, {}};
  writers_[to_text(ledger->file().writer())] = opening;
}

void ledger_truth::ended(opening_number opening) {
  auto& one = openings_.at(opening);
  check_hosts();
  one.final_sums = sums_of(one.ledger->file());
  one.ledger = nullptr;
}

void ledger_truth::host_counted(opening_number opening, const std::string& key, std::int64_t amount) {
  openings_.at(opening).by_host[key] += amount;
}

opening_number ledger_truth::opening_of(const std::string& writer) const {
  const auto found = writers_.find(writer);
  return found == writers_.end() ? 0 : found->second;
}

void ledger_truth::retired(const std::string& writer, const std::string& state) {
  const auto parsed = parse_writer_state(state);
  if (const auto opening = opening_of(writer); opening != 0 && parsed && parsed->retired_at)
    writers_[to_text(successor_of(ledger_id_from(writer), parsed->sums))] = opening;
}

std::int64_t ledger_truth::counted(opening_number opening, std::string_view key) const {
  const auto& one = openings_.at(opening);
  if (!one.ledger)
    return amount_of(one.final_sums, key);
  const auto& file = one.ledger->file();
  for (std::uint32_t row = 0; row < file.row_count(); ++row)
    if (file.key(row) == key)
      return net(file.sums(row));
  return 0;
}

amounts ledger_truth::counted(opening_number opening) const {
  const auto& one = openings_.at(opening);
  return one.ledger ? sums_of(one.ledger->file()) : one.final_sums;
}

std::int64_t ledger_truth::counted_by_all(std::string_view key) const {
  std::int64_t sum = 0;
  for (const auto& [opening, one] : openings_)
    sum += counted(opening, key);
  return sum;
}

void ledger_truth::check_hosts() {
  for (const auto& [opening, one] : openings_)
    for (const auto& [key, amount] : one.by_host)
      if (one.ledger && counted(opening, key) != amount)
        notes_.violate("opening " + std::to_string(opening) + ": the host counted " + std::to_string(amount) + " of " + key
                       + ", its ledger holds " + std::to_string(counted(opening, key)));
}

} // namespace holdfast::simulation

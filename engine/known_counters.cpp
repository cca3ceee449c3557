#include "engine/known_counters.hpp"

#include <algorithm>

#include "runtime/glob.hpp"

namespace holdfast {

namespace {

// The store told the name and then nothing of its value: 0 would be a guess.
bool is_name_only(const counter_reading& one) {
  return one.source == counter_source::ledger && !one.exists && !one.as_of;
}

bool by_key(const counter_reading& a, const counter_reading& b) { return a.key < b.key; }

} // namespace

void add_known(counter_readings& found, std::string_view glob, const engine_snapshot* newest) {
  auto& readings = found.readings;
  const bool store_is_away = !found.all_listed || std::any_of(readings.begin(), readings.end(), is_name_only);
  std::erase_if(readings, is_name_only);
  if (!newest || !newest->values)
    return;
  const auto told = readings.size();
  for (const auto& known : newest->values->readings) {
    const auto told_end = readings.begin() + static_cast<std::ptrdiff_t>(told);
    if (!glob_matches(glob, known.key) || std::binary_search(readings.begin(), told_end, known, by_key))
      continue;
    readings.push_back(known);
    if (store_is_away)
      readings.back().source = counter_source::ledger;
  }
  std::inplace_merge(readings.begin(), readings.begin() + static_cast<std::ptrdiff_t>(told), readings.end(), by_key);
}

} // namespace holdfast

#include <cstdio>

#include "runtime/history_file.hpp"
#include "runtime/history_statement.hpp"

namespace holdfast {

namespace {

constexpr std::int64_t day = 86'400;
constexpr std::int64_t hour = 3600;

} // namespace

std::string day_text(std::int64_t days_since_1970) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days_since_1970}}};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

// The total with which a counter went into that moment; none: it did not exist, as far as is known. Hours are kept longest.
std::optional<std::int64_t> history_file::total_before(std::int64_t series, std::int64_t at) {
  history_statement row{*this, "SELECT slot, value FROM point WHERE step=3600 AND series=?1 AND slot<?2 ORDER BY slot DESC LIMIT 1"};
  const bool found = row.with(series).with(at / hour).step();
  const auto newest = unwritten_row(hour, series);
  if (newest && newest->slot < at / hour && (!found || newest->slot >= *row.number(0)))
    return newest->value;
  return found ? row.number(1) : std::nullopt;
}

// What a counter was before the history began: its first row, in an hour in which nobody watched yet (see record()). None:
// the counter is younger than the history and began with nothing.
std::optional<std::int64_t> history_file::first_total(std::int64_t series) {
  history_statement first{*this, "SELECT slot, value FROM point WHERE step=3600 AND series=?1 ORDER BY slot LIMIT 1"};
  if (!first.with(series).step())
    return std::nullopt;
  history_statement watched{*this, "SELECT 1 FROM seen WHERE step=3600 AND slot<=?1 LIMIT 1"};
  return watched.with(first.number(0)).step() ? std::nullopt : first.number(1);
}

std::vector<std::int64_t> history_file::per_day(std::string_view key, std::uint32_t days, std::int64_t now) {
  std::vector<std::int64_t> growth(days, 0);
  const auto found = ids_.find(std::string{key});
  if (found == ids_.end())
    return growth;
  const auto series = found->second;
  const auto today = now / day;
  auto before = total_before(series, (today - days + 1) * day);
  if (!before)
    before = first_total(series);
  for (std::uint32_t i = 0; i < days; ++i) {
    const auto ends = (today - days + 2 + i) * day;
    const auto total = total_before(series, ends);
    if (!total)
      continue;
    const auto base = before.value_or(0);
    growth[i] = *total >= base ? *total - base : *total; // less: it began anew
    before = total;
  }
  return growth;
}

} // namespace holdfast

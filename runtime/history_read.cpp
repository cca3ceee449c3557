#include <algorithm>
#include <map>

#include "runtime/history_file.hpp"
#include "runtime/history_statement.hpp"

namespace holdfast {

namespace {

constexpr std::int64_t points_by_default = 2000;

using totals = std::map<std::int64_t, std::optional<std::int64_t>>; // slot to total; none: the counter has ended

// Of a slot in which somebody watched: none where the counter was not there.
void add_point(history_line& line, const totals& changes, std::int64_t slot, std::int64_t resolution) {
  const auto change = changes.upper_bound(slot);
  if (change == changes.begin() || !std::prev(change)->second)
    return;
  const auto at = slot * resolution / line.step * line.step;
  const auto value = *std::prev(change)->second;
  if (!line.points.empty() && line.points.back().at == at)
    line.points.back().value = value;
  else
    line.points.push_back({at, value, {}});
}

} // namespace

// With a step: the coarsest resolution that is not above it; without: the finest that gives no more points than a chart
// can show. In both cases one that still reaches back to the begin of the range, where there is one, else what is kept
// longest.
history_file::grid history_file::grid_for(const history_range& range, std::int64_t now) const {
  const auto length = range.until - range.since;
  const auto reaches = [&](std::int64_t step) {
    return kept(step).count() > 0 && now - range.since <= kept(step).count();
  };
  std::int64_t resolution = 0;
  auto longest = steps.front();
  for (const auto step : steps) {
    const bool suits = range.step ? step <= *range.step || resolution == 0
                                  : resolution == 0 && length / step <= points_by_default;
    if (reaches(step) && suits)
      resolution = step;
    if (kept(step) >= kept(longest))
      longest = step;
  }
  if (resolution == 0)
    resolution = longest;
  // Nobody who left the step to us is told that it is too small.
  const auto step = std::max(range.step.value_or(length / points_max + 1), resolution);
  return {(step + resolution - 1) / resolution * resolution, resolution};
}

std::optional<history_file::unwritten> history_file::unwritten_row(std::int64_t step, std::int64_t series) const {
  const auto known = known_.find(series);
  if (step == 10 || !minute_ || known == known_.end() || !known->second.dirty || !known->second.alive)
    return std::nullopt;
  return unwritten{*minute_ * 60 / step, known->second.value};
}

expected<history_line, history_refusal> history_file::read(std::string_view key, const history_range& range, std::int64_t now) {
  const auto refused = [](std::string why) { return unexpected{history_refusal{std::move(why), false}}; };
  const auto far = [](std::int64_t moment) { return moment > moment_max || moment < -moment_max; };
  if (far(range.since) || far(range.until) || range.step.value_or(1) > step_max)
    return refused("since and until must be within 40000000000 s of 1970, and step at most ten years");
  if (range.until < range.since || range.step.value_or(1) <= 0)
    return refused("since must not be after until, and step must be above zero");
  history_line line;
  const auto [step, resolution] = grid_for(range, now);
  line.step = step;
  if ((range.until - range.since) / line.step > points_max)
    return refused("more than " + std::to_string(points_max) + " points; take a larger step or a shorter range");
  const auto found = ids_.find(std::string{key});
  if (found == ids_.end())
    return line;
  line.known = true;
  // One step more to the left, for the rate of the first point.
  const auto first = (range.since / line.step - 1) * line.step / resolution;
  const auto last = range.until / resolution;
  totals changes;
  history_statement before{*this, "SELECT slot, value FROM point WHERE step=?1 AND series=?2 AND slot<?3 ORDER BY slot DESC LIMIT 1"};
  if (before.with(resolution).with(found->second).with(first).step())
    changes.emplace(*before.number(0), before.number(1));
  history_statement rows{*this, "SELECT slot, value FROM point WHERE step=?1 AND series=?2 AND slot BETWEEN ?3 AND ?4"};
  rows.with(resolution).with(found->second).with(first).with(last);
  while (rows.step())
    changes.insert_or_assign(*rows.number(0), rows.number(1));
  if (const auto newest = unwritten_row(resolution, found->second); newest && newest->slot <= last)
    changes.insert_or_assign(newest->slot, newest->value);
  history_statement seen{*this, "SELECT slot FROM seen WHERE step=?1 AND slot BETWEEN ?2 AND ?3 ORDER BY slot"};
  seen.with(resolution).with(first).with(last);
  auto watched = first - 1; // the newest slot so far
  while (seen.step())
    add_point(line, changes, watched = *seen.number(0), resolution);
  if (const auto running = minute_.value_or(0) * 60 / resolution; running > watched && running <= last)
    add_point(line, changes, running, resolution);
  if (!before.good() || !rows.good() || !seen.good())
    return unexpected{history_refusal{"the history cannot be read: " + last_error_, true}};
  for (std::size_t i = 1; i < line.points.size(); ++i)
    if (auto& point = line.points[i]; point.at - line.points[i - 1].at == line.step)
      point.rate = (static_cast<double>(point.value) - static_cast<double>(line.points[i - 1].value))
                   / static_cast<double>(line.step);
  std::erase_if(line.points, [&](const auto& point) { return point.at < range.since / line.step * line.step; });
  return line;
}

} // namespace holdfast

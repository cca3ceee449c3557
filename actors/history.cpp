#include "actors/history.hpp"

#include <algorithm>

#include <caf/typed_event_based_actor.hpp>

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = history_actor::stateful_pointer<history_state>;

constexpr auto prune_interval = 10min;
constexpr std::int64_t range_by_default = 3600;
constexpr std::uint32_t days_max = 366;

std::int64_t seconds_of(wall_time at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }

void open_file(history_state& state, const std::string& path, const history_limits& limits, const shutdown_deadline_ptr& ends) {
  if (path.empty())
    return;
  auto opened = history_file::open(path, limits, ends);
  if (opened) {
    state.file = std::move(*opened);
  } else {
    state.status.last_error = opened.error();
    state.trouble.failed(opened.error());
  }
}

void record(history_state& state, const history_sample& sample) {
  if (!state.file)
    return;
  if (state.file->record(seconds_of(sample.at), *sample.values)) {
    ++state.status.records;
    state.status.last_error.clear();
    state.trouble.recovered();
  } else {
    ++state.status.failures;
    state.status.last_error = state.file->last_error();
    state.trouble.failed(state.status.last_error);
  }
  if (const auto now = state.clock->boot_now(); now >= state.prune_at) {
    state.prune_at = now + prune_interval;
    state.file->prune(seconds_of(sample.at));
  }
}

history_answer answer(history_state& state, const history_wanted& wanted) {
  if (!state.file)
    return {wanted.key, {}, "no history is kept", fault::no_data};
  const auto now = seconds_of(state.clock->wall_now());
  history_range range;
  range.until = wanted.until.value_or(now);
  range.since = wanted.since.value_or(std::max<std::int64_t>(range.until, 0) - range_by_default);
  range.step = wanted.step;
  auto line = state.file->read(wanted.key, range, now);
  if (!line)
    return {wanted.key, {}, line.error().why, line.error().file_failed ? fault::store_away : fault::bad_request};
  return {wanted.key, std::move(*line), {}, fault::none};
}

history_days days_of(history_state& state, const history_days_wanted& wanted) {
  history_days told;
  told.kept = state.file != nullptr;
  const auto now = seconds_of(state.clock->wall_now());
  told.today = now / (24 * 3600);
  if (!state.file)
    return told;
  for (const auto& key : wanted.keys)
    told.growth.push_back(state.file->per_day(key, std::min(wanted.days, days_max), now));
  return told;
}

history_status status_of(const history_state& state) {
  auto status = state.status;
  status.kept = state.file != nullptr;
  if (state.file) {
    status.bytes = state.file->bytes();
    status.series = state.file->series();
    status.left_out = state.file->left_out();
  }
  return status;
}

} // namespace

history_actor::behavior_type history(self_pointer self, std::string path, history_limits limits, clock_ptr clock,
                                     shutdown_deadline_ptr ends) {
  self->state.clock = std::move(clock);
  open_file(self->state, path, limits, ends);
  return {
    [self](const history_sample& sample) { record(self->state, sample); },
    [self](const history_wanted& wanted) { return answer(self->state, wanted); },
    [self](const history_days_wanted& wanted) { return days_of(self->state, wanted); },
    [self](const get_history_status&) { return status_of(self->state); },
    [](const wake&) {},
  };
}

} // namespace holdfast

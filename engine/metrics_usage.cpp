#include "engine/metric_family.hpp"
#include "messages/snapshot.hpp"
#include "runtime/telemetry.hpp"

namespace holdfast {

namespace {

double unix_seconds(wall_time at) { return std::chrono::duration<double>{at.time_since_epoch()}.count(); }

labels of(const task_reading& one) { return {{"task", one.name}}; }

void add_tasks(families& out, const task_board& board) {
  const auto tasks = board.read();
  auto runs = counter_of(out, "holdfast_task_runs_total", "Runs of a task in this process, by their outcome.");
  for (const auto& one : tasks) {
    runs.add({{"task", one.name}, {"outcome", "success"}}, one.successes);
    runs.add({{"task", one.name}, {"outcome", "error"}}, one.errors);
  }
  auto rate = gauge_of(out, "holdfast_task_success_ratio", "Share of successes among the last 64 runs in this process; absent before the first.");
  auto running = gauge_of(out, "holdfast_task_running", "Runs under way.");
  auto last_run = gauge_of(out, "holdfast_task_last_run_timestamp_seconds", "When a run of the task ended last, in any process; absent where it never did.");
  auto last_success = gauge_of(out, "holdfast_task_last_success_timestamp_seconds", "When the task last succeeded, in any process; absent where it never did.");
  auto since = gauge_of(out, "holdfast_task_since_success_seconds", "Time since the task last succeeded in any process, or since this process knows it.");
  auto every = gauge_of(out, "holdfast_task_interval_seconds", "How often the task is meant to succeed; absent where nobody said.");
  for (const auto& one : tasks) {
    if (one.success_rate)
      rate.add(of(one), *one.success_rate);
    running.add(of(one), one.running);
    if (one.last_run)
      last_run.add(of(one), unix_seconds(*one.last_run));
    if (one.last_success)
      last_success.add(of(one), unix_seconds(*one.last_success));
    since.add(of(one), in_seconds(one.since_success));
    if (one.every)
      every.add(of(one), in_seconds(*one.every));
  }
  auto durations = histogram_of(out, "holdfast_task_duration_seconds", "Time that a run of the task took, however it ended.");
  board.for_each([&](const task_account& one) { durations.add({{"task", one.name()}}, one.durations()); });
  counter_of(out, "holdfast_task_runs_left_out_total", "Runs of tasks without an account of their own: too many tasks, or unusable names.")
    .add({}, board.left_out());
}

} // namespace

void add_usage(families& out, const telemetry& watched, const engine_snapshot* now) {
  add_tasks(out, *watched.tasks);
  counter_of(out, "holdfast_names_left_out_total", "Texts from outside that were counted as other: too many different ones.")
    .add({}, watched.names_left_out.load(std::memory_order_relaxed));
  if (!now)
    return;
  gauge_of(out, "holdfast_capped_types", "1 where a type of counters has all rows that one may have, the rest in the overflow, else 0.")
    .add({}, now->counters.capped_type.empty() ? 0.0 : 1.0);
  gauge_of(out, "holdfast_feature_subjects_waiting", "Subjects of features that the store does not have yet.")
    .add({}, now->features.waiting);
  counter_of(out, "holdfast_feature_subjects_left_out_total", "Uses of features whose subject was not noted: too many new ones.")
    .add({}, now->features.left_out);
}

} // namespace holdfast

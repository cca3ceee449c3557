#include "runtime/task_board.hpp"

#include <algorithm>
#include <bit>

#include "runtime/own_process.hpp"
#include "runtime/printable.hpp"
#include "runtime/redact.hpp"

namespace holdfast {

namespace {

constexpr std::uint64_t outcomes_kept = 64;
// Clocks of two machines differ by less.
constexpr std::chrono::minutes clock_tolerance{1};

// In a child of fork: its parent's, and its mutex may be locked there for ever.
bool is_of_parent(boot_time known_since) noexcept { return known_since <= own_process::forked_at(); }

void raise(std::optional<wall_time>& known, std::optional<wall_time> told, wall_time now) noexcept {
  if (told && *told <= now + clock_tolerance && (!known || *known < *told))
    known = told;
}

} // namespace

task_account::task_account(std::string_view name, task_counters counters, clock_ptr clock)
  : name_{name}, counters_{counters}, clock_{std::move(clock)}, known_since_{clock_->boot_now()} {
  own_process::watch();
}

boot_time task_account::begin() noexcept {
  running_.fetch_add(1, std::memory_order_relaxed);
  return clock_->boot_now();
}

void task_account::dropped() noexcept { running_.fetch_sub(1, std::memory_order_relaxed); }

void task_account::succeeded(boot_time began) noexcept {
  counters_.success.incr();
  ended(began, true);
}

void task_account::failed(boot_time began, std::string_view why) noexcept {
  counters_.error.incr();
  ended(began, false);
  if (is_of_parent(known_since_))
    return;
  try {
    const auto text = printable(redact(why.substr(0, 4 * error_bytes_max)), error_bytes_max);
    const std::lock_guard guard{mutex_};
    error_bytes_ = text.size();
    std::copy(text.begin(), text.end(), error_.begin());
  } catch (...) { // no memory: the older text stays
  }
}

void task_account::ended(boot_time began, bool good) noexcept {
  const auto now = clock_->boot_now();
  const auto wall = clock_->wall_now();
  running_.fetch_sub(1, std::memory_order_relaxed);
  durations_.observe(now - began);
  if (is_of_parent(known_since_))
    return;
  const std::lock_guard guard{mutex_};
  ++(good ? successes_ : errors_);
  outcomes_ = outcomes_ << 1 | (good ? 1u : 0u);
  last_run_ = wall;
  if (good) {
    last_success_ = wall;
    last_success_boot_ = now;
  }
}

void task_account::expect_every(std::chrono::nanoseconds interval) noexcept {
  if (interval <= std::chrono::nanoseconds{0} || is_of_parent(known_since_))
    return;
  const std::lock_guard guard{mutex_};
  every_ = interval;
}

void task_account::learn(std::optional<wall_time> last_run, std::optional<wall_time> last_success) noexcept {
  if (is_of_parent(known_since_))
    return;
  const auto wall = clock_->wall_now();
  const auto now = clock_->boot_now();
  const std::lock_guard guard{mutex_};
  raise(last_run_, last_run, wall);
  const auto before = last_success_;
  raise(last_success_, last_success, wall);
  if (last_success_ != before)
    last_success_boot_ = now - std::max<std::chrono::nanoseconds>(wall - *last_success_, std::chrono::nanoseconds{0});
}

task_reading task_account::read() const {
  task_reading told;
  told.name = name_;
  if (is_of_parent(known_since_))
    return told;
  told.running = running_.load(std::memory_order_relaxed);
  const auto now = clock_->boot_now();
  const std::lock_guard guard{mutex_};
  told.successes = successes_;
  told.errors = errors_;
  if (const auto runs = std::min(successes_ + errors_, outcomes_kept); runs > 0)
    told.success_rate = static_cast<double>(std::popcount(outcomes_)) / static_cast<double>(runs);
  told.last_run = last_run_;
  told.last_success = last_success_;
  told.since_success = now - last_success_boot_.value_or(known_since_);
  if (every_ > std::chrono::nanoseconds{0})
    told.every = every_;
  told.last_error.assign(error_.data(), error_bytes_);
  return told;
}

void task_board::learn(std::string_view name, std::optional<wall_time> last_run,
                       std::optional<wall_time> last_success) noexcept {
  if (const auto known = tasks_.find(name))
    known->learn(last_run, last_success);
}

std::vector<task_reading> task_board::read() const {
  std::vector<task_reading> told;
  tasks_.for_each([&](const task_account& one) { told.push_back(one.read()); });
  return told;
}

std::uint64_t task_board::left_out() const {
  const auto rest = rest_->read();
  return rest.successes + rest.errors;
}

} // namespace holdfast

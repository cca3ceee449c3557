#include "actors/warmup.hpp"

#include <algorithm>

#include <caf/typed_event_based_actor.hpp>

#include "messages/task_request.hpp"
#include "runtime/symbol_calendar.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using self_pointer = warmup_actor::stateful_pointer<warmup_state>;

constexpr auto tick = 5s;
constexpr auto retry_wait_max = 10s;
// After a symbol's time the exchange needs a moment, and of many processes one suffices.
constexpr auto change_delay_min = 1s;
constexpr auto change_delay_max = 3s;

warmed_market& of(self_pointer self, market which) { return self->state.markets[index(which)]; }
boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

nanoseconds random_within(self_pointer self, nanoseconds least, nanoseconds most) {
  std::uniform_int_distribution<std::int64_t> within{least.count(), most.count()};
  return nanoseconds{within(self->state.random)};
}

void set_timer(self_pointer self, market which) {
  const auto wait = std::clamp<nanoseconds>(*of(self, which).next - now_of(self), 0ns, tick);
  self->delayed_send(self, wait, wake{static_cast<std::uint32_t>(which), 0});
}

void refresh_at(self_pointer self, market which, boot_time at) {
  of(self, which).next = at;
  set_timer(self, which);
}

void draw_period(self_pointer self, market which) {
  const auto& settings = self->state.settings.markets[index(which)];
  const auto longest = std::min(settings.interval, settings.ttl * 8 / 10);
  of(self, which).period = longest - random_within(self, 0ns, longest / 10);
}

// Not again at once where a refresh did not bring what a change that is over has changed.
boot_time earlier_for_change(self_pointer self, market which, boot_time at) {
  const auto& one = of(self, which);
  if (!one.change_at)
    return at;
  return std::min(at, std::max(*one.change_at, now_of(self)) + random_within(self, change_delay_min, change_delay_max));
}

void wait_for_next_interval(self_pointer self, market which, boot_time from) {
  auto& one = of(self, which);
  one.retry = 0;
  one.retry_wait.reset();
  refresh_at(self, which, earlier_for_change(self, which, from + one.period));
}

void note_change(self_pointer self, market which, std::optional<wall_time> change) {
  of(self, which).change_at.reset();
  if (change)
    of(self, which).change_at = now_of(self) + (*change - self->state.clock->wall_now());
}

// A change that is over for a period is in every table that a refresh lets pass: the next one is looked for.
void look_at_board(self_pointer self, market which) {
  auto& one = of(self, which);
  one.publication = self->state.board->publication(which);
  const auto newest = self->state.board->current(which);
  const auto now = self->state.clock->wall_now();
  const auto period = std::chrono::floor<wall_time::duration>(one.period);
  const auto since = std::max(newest->fetched_at.value_or(now), now - period);
  note_change(self, which, newest->table ? next_change(*newest->table, since) : std::nullopt);
}

bool change_is_due(self_pointer self, market which) {
  const auto& change = of(self, which).change_at;
  return change && *change <= now_of(self);
}

void failed(self_pointer self, market which, std::optional<boot_time> forbidden_until) {
  auto& one = of(self, which);
  const bool retries_left = one.retry < self->state.settings.retries_max;
  if (!retries_left && change_is_due(self, which) && now_of(self) - *one.change_at >= one.period)
    look_at_board(self, which);
  if (!retries_left && !change_is_due(self, which))
    return wait_for_next_interval(self, which, now_of(self));
  ++one.retry;
  self->state.settings.watched->of(which).refresh_retries.fetch_add(1, std::memory_order_relaxed);
  const auto wait = retries_left ? one.retry_wait.next() : retry_wait_max - random_within(self, 0ns, retry_wait_max / 10);
  const auto at = now_of(self) + wait;
  refresh_at(self, which, std::max(at, forbidden_until.value_or(at)));
}

void succeeded(self_pointer self, market which, const refresh_outcome& outcome) {
  auto& one = of(self, which);
  const auto now = now_of(self);
  const auto fetched = std::min(outcome.fetched_boot.value_or(now), now);
  if (one.fetched != fetched)
    draw_period(self, which);
  one.fetched = fetched;
  note_change(self, which, outcome.next_change);
  wait_for_next_interval(self, which, fetched);
}

void ended(self_pointer self, market which, task_run& run, const refresh_outcome& outcome) {
  if (outcome.failure != fault::none) {
    run.fail(outcome.detail.empty() ? to_string(outcome.failure) : to_string(outcome.failure) + ": " + outcome.detail);
    return failed(self, which, outcome.forbidden_until);
  }
  // Another process has asked the exchange.
  if (!outcome.fetched) {
    run.drop();
    if (outcome.fetched_boot)
      self->state.settings.markets[index(which)].refreshes.learn_success(
        self->state.clock->wall_now() - std::chrono::ceil<std::chrono::microseconds>(now_of(self) - *outcome.fetched_boot));
  }
  succeeded(self, which, outcome);
}

void refresh(self_pointer self, market which) {
  auto& one = of(self, which);
  one.next.reset();
  auto at_age = one.period;
  // What was fetched before a listing does not have it.
  if (change_is_due(self, which))
    at_age = std::min(at_age, now_of(self) - *one.change_at);
  // Longer than another process's fetch and our own may take one after the other.
  request_as_task<refresh_outcome>(
    self, self->state.settings.markets[index(which)].refreshes.begin(), self->state.cache,
    2 * self->state.settings.fetch_timeout + 10s, refresh_symbols{which, refresh_reason::warmup, at_age},
    [self, which](task_run& run, const refresh_outcome& outcome) { ended(self, which, run, outcome); },
    [self, which](const caf::error&) { failed(self, which, std::nullopt); });
}

// Reads, rejections, operators and other processes bring tables, too.
void look_for_new_table(self_pointer self, market which) {
  auto& one = of(self, which);
  if (one.publication == self->state.board->publication(which))
    return;
  look_at_board(self, which);
  // A retry comes soon, or as soon as the exchange allows it.
  if (one.retry == 0)
    one.next = earlier_for_change(self, which, *one.next);
}

void wake_up(self_pointer self, market which) {
  if (!of(self, which).next)
    return;
  look_for_new_table(self, which);
  if (now_of(self) >= *of(self, which).next)
    refresh(self, which);
  else
    set_timer(self, which);
}

warmup_status status_of(const warmup_state& state) {
  warmup_status status;
  for (const auto which : all_markets) {
    const auto& one = state.markets[index(which)];
    const auto refreshes = state.settings.markets[index(which)].refreshes.read();
    status.markets[index(which)] = {refreshes.successes, refreshes.errors, one.retry, one.next};
  }
  return status;
}

} // namespace

warmup_actor::behavior_type warmup(self_pointer self, warmup_settings settings, clock_ptr clock,
                                   symbol_board_ptr board, cache_actor cache) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.board = std::move(board);
  state.cache = std::move(cache);
  state.random.seed(state.settings.seed);
  for (const auto which : all_markets) {
    of(self, which).retry_wait = backoff{250ms, retry_wait_max, state.random()};
    if (state.settings.markets[index(which)].interval > 0ns) {
      draw_period(self, which);
      refresh(self, which);
    }
  }
  return {
    [self](const get_warmup_status&) { return status_of(self->state); },
    [self](const wake& due) { wake_up(self, static_cast<market>(due.what)); },
  };
}

} // namespace holdfast

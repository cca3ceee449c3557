#include "actors/warmup.hpp"

#include <algorithm>

#include <caf/typed_event_based_actor.hpp>

#include "runtime/log.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = warmup_actor::stateful_pointer<warmup_state>;

warmed_market& of(self_pointer self, market which) { return self->state.markets[index(which)]; }

void refresh_in(self_pointer self, market which, std::chrono::nanoseconds wait) {
  of(self, which).next = self->state.clock->boot_now() + wait;
  self->delayed_send(self, wait, wake{static_cast<std::uint32_t>(which), 0});
}

void wait_for_next_interval(self_pointer self, market which) {
  const auto& settings = self->state.settings.markets[index(which)];
  const auto period = std::min(settings.interval, settings.ttl * 8 / 10);
  std::uniform_int_distribution<std::int64_t> jitter{0, period.count() / 10};
  auto& one = of(self, which);
  one.retry = 0;
  one.retry_wait.reset();
  refresh_in(self, which, period - std::chrono::nanoseconds{jitter(self->state.random)});
}

void failed(self_pointer self, market which, std::optional<boot_time> forbidden_until) {
  auto& one = of(self, which);
  ++one.errors;
  self->state.settings.markets[index(which)].error.incr();
  if (one.retry >= self->state.settings.retries_max)
    return wait_for_next_interval(self, which);
  ++one.retry;
  self->state.settings.watched->of(which).refresh_retries.fetch_add(1, std::memory_order_relaxed);
  auto wait = one.retry_wait.next();
  if (forbidden_until)
    wait = std::max(wait, *forbidden_until - self->state.clock->boot_now());
  refresh_in(self, which, wait);
}

void refresh(self_pointer self, market which) {
  auto& one = of(self, which);
  one.next.reset();
  // Longer than the fetch and its supervisor may take together.
  self->request(self->state.cache, self->state.settings.fetch_timeout + 5s, refresh_symbols{which, refresh_reason::warmup})
    .then(
      [self, which](const refresh_outcome& outcome) {
        if (outcome.failure != fault::none)
          return failed(self, which, outcome.forbidden_until);
        ++of(self, which).successes;
        self->state.settings.markets[index(which)].success.incr();
        wait_for_next_interval(self, which);
      },
      [self, which](const caf::error&) { failed(self, which, std::nullopt); });
}

warmup_status status_of(const warmup_state& state) {
  warmup_status status;
  for (const auto which : all_markets) {
    const auto& one = state.markets[index(which)];
    status.markets[index(which)] = {one.successes, one.errors, one.retry, one.next};
  }
  return status;
}

} // namespace

warmup_actor::behavior_type warmup(self_pointer self, warmup_settings settings, clock_ptr clock, cache_actor cache) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.cache = std::move(cache);
  state.random.seed(state.settings.seed);
  for (const auto which : all_markets) {
    of(self, which).retry_wait = backoff{250ms, 10s, state.random()};
    if (state.settings.markets[index(which)].interval > 0ns)
      refresh(self, which);
  }
  return {
    [self](const get_warmup_status&) { return status_of(self->state); },
    [self](const wake& due) { refresh(self, static_cast<market>(due.what)); },
  };
}

} // namespace holdfast

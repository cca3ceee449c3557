#include <algorithm>

#include "actors/cache_parts.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto retry_pause = 1s;

} // namespace

// Later than the warmup's own time, which is at most 0.8 of the TTL: where that works, no read causes anything.
void plan_early_refresh(self_pointer self, market which) {
  const auto ttl = settings_of(self, which).ttl;
  std::uniform_int_distribution<std::int64_t> before_the_end{ttl.count() / 20, ttl.count() * 3 / 20};
  auto& from = of(self, which).early_from;
  from = board_of(self, which)->fresh_until - nanoseconds{before_the_end(self->state.random)};
  self->state.settings.early->refresh_from(which, from);
}

void plan_early_refresh_again(self_pointer self, market which) {
  const auto& one = of(self, which);
  if (board_of(self, which)->fresh(now_of(self)))
    self->state.settings.early->refresh_from(which, std::max({one.early_from, now_of(self) + retry_pause, one.forbidden_until}));
}

void note_read(self_pointer self, market which) {
  const auto now = now_of(self);
  if (self->state.settings.early->claim(which, now))
    want_table(self, which, board_of(self, which)->age(now).value_or(settings_of(self, which).ttl));
}

} // namespace holdfast::cache_parts

#include <algorithm>
#include <utility>

#include "actors/cache_parts.hpp"
#include "runtime/log.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto rejection_pause = 10s;

void plan_refresh(self_pointer self, market which, nanoseconds wait) {
  of(self, which).rejection_planned = true;
  self->delayed_send(self, wait, wake_for(timer::rejection, which));
}

} // namespace

// A refresh for it comes 10 s after the last fetch at the earliest, and only one for all that are reported until then.
void report_rejection(self_pointer self, const rejection_reported& report) {
  auto& one = of(self, report.which);
  const auto now = now_of(self);
  // The refresh for an earlier one is to come, or its end tells whether it was asked for before this one.
  if (std::exchange(one.reported_at, now))
    return;
  const auto age = board_of(self, report.which)->age(now);
  auto wait = age ? std::max<nanoseconds>(rejection_pause - *age, 0ns) : 0ns;
  if (one.rejection_refresh)
    wait = std::max<nanoseconds>(wait, *one.rejection_refresh + rejection_pause - now);
  logger()->info("order refused for a rule market={} symbol={} refresh_in_ms={}", to_string(report.which), log_value(report.symbol),
                 std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  if (wait > 0ns)
    plan_refresh(self, report.which, wait);
  else
    refresh_for_rejection(self, report.which);
}

void refresh_for_rejection(self_pointer self, market which) {
  auto& one = of(self, which);
  one.rejection_planned = false;
  if (!one.reported_at)
    return;
  const auto now = now_of(self);
  one.rejection_refresh = now;
  want_table(self, which, now - *one.reported_at);
}

void settle_rejection(self_pointer self, market which) {
  auto& one = of(self, which);
  if (!one.reported_at || one.rejection_planned || one.attempt.stage != attempt_stage::none)
    return;
  const auto now = now_of(self);
  const auto board = board_of(self, which);
  const bool answered = board->fresh(now) && board->fetched_boot && *board->fetched_boot >= *one.reported_at;
  // With the TTL over whatever is fresh was fetched after the report.
  if (answered || now - *one.reported_at >= settings_of(self, which).ttl)
    one.reported_at.reset();
  else
    plan_refresh(self, which, std::max<nanoseconds>(rejection_pause, one.forbidden_until - now));
}

} // namespace holdfast::cache_parts

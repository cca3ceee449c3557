#include <algorithm>
#include <utility>

#include "actors/cache_parts.hpp"
#include "runtime/log.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto rejection_pause = 10s;

} // namespace

// A refresh for it comes 10 s after the last fetch at the earliest, and only one for all that are reported until then.
void report_rejection(self_pointer self, const rejection_reported& report) {
  auto& one = of(self, report.which);
  if (one.reported_at)
    return;
  const auto now = now_of(self);
  one.reported_at = now;
  const auto age = board_of(self, report.which)->age(now);
  auto wait = age ? std::max<nanoseconds>(rejection_pause - *age, 0ns) : 0ns;
  if (one.rejection_refresh)
    wait = std::max<nanoseconds>(wait, *one.rejection_refresh + rejection_pause - now);
  logger()->info("order refused for a rule market={} symbol={} refresh_in_ms={}", to_string(report.which), log_value(report.symbol),
                 std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  if (wait > 0ns)
    self->delayed_send(self, wait, wake_for(timer::rejection, report.which));
  else
    refresh_for_rejection(self, report.which);
}

void refresh_for_rejection(self_pointer self, market which) {
  auto& one = of(self, which);
  const auto now = now_of(self);
  const auto reported = std::exchange(one.reported_at, std::nullopt);
  if (!reported)
    return;
  one.rejection_refresh = now;
  want_table(self, which, now - *reported);
}

} // namespace holdfast::cache_parts

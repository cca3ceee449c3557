#include "runtime/event_log.hpp"

#include <algorithm>

#include "runtime/log.hpp"
#include "runtime/printable.hpp"

namespace holdfast {

namespace {

// Links, restarts, embargoes and refusals are told where they happen, with more than is known here.
void tell(event_kind kind, const std::string& subject, const std::string& detail) {
  switch (kind) {
    case event_kind::started:
    case event_kind::fresh:
    case event_kind::circuit_closed:
      return logger()->info("{} subject={} detail={}", to_string(kind), subject, log_value(detail));
    case event_kind::stale:
    case event_kind::circuit_open:
    case event_kind::store_changed:
      return logger()->warn("{} subject={} detail={}", to_string(kind), subject, log_value(detail));
    default: return;
  }
}

} // namespace

void event_log::note(event_kind kind, std::string_view subject, std::string_view detail, wall_time at) {
  const auto about = printable(subject, event_text_max);
  const auto what = printable(detail, event_text_max);
  if (keep(kind, about, what, at))
    tell(kind, about, what);
}

bool event_log::keep(event_kind kind, const std::string& subject, const std::string& detail, wall_time at) {
  std::lock_guard guard{mutex_};
  ++totals_[static_cast<std::size_t>(kind)];
  const auto before = std::find_if(events_.rbegin(), events_.rend(), [&](const event& one) { return one.subject == subject; });
  if (before != events_.rend() && before->kind == kind && before->detail == detail) {
    ++before->count;
    before->last = at;
    return false;
  }
  if (events_.size() == events_max)
    events_.pop_front();
  events_.push_back({next_number_++, at, at, 1, kind, subject, detail});
  return true;
}

std::vector<event> event_log::newest(std::size_t most) const {
  std::lock_guard guard{mutex_};
  const auto wanted = static_cast<std::ptrdiff_t>(std::min(most, events_.size()));
  return {events_.rbegin(), events_.rbegin() + wanted};
}

std::array<std::uint64_t, event_kind_count> event_log::totals() const {
  std::lock_guard guard{mutex_};
  return totals_;
}

} // namespace holdfast

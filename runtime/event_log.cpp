#include "runtime/event_log.hpp"

#include <algorithm>

namespace holdfast {

void event_log::note(event_kind kind, std::string_view subject, std::string_view detail, wall_time at) {
  detail = detail.substr(0, event_text_max);
  subject = subject.substr(0, event_text_max);
  std::lock_guard guard{mutex_};
  ++totals_[static_cast<std::size_t>(kind)];
  const auto before = std::find_if(events_.rbegin(), events_.rend(), [&](const event& one) { return one.subject == subject; });
  if (before != events_.rend() && before->kind == kind && before->detail == detail) {
    ++before->count;
    before->last = at;
    return;
  }
  if (events_.size() == events_max)
    events_.pop_front();
  events_.push_back({next_number_++, at, at, 1, kind, std::string{subject}, std::string{detail}});
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

#include "engine/shared_counters.hpp"

#include <algorithm>
#include <utility>

#include "engine/http_request.hpp"
#include "engine/status_json.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 2s;

bool is_stale(const counter_readings& found) {
  return !found.all_listed || std::any_of(found.readings.begin(), found.readings.end(), [](const counter_reading& one) {
    return one.source == counter_source::ledger;
  });
}

} // namespace

void look_at_counters(engine& host, std::string_view glob, std::function<void(counters_seen)> seen) {
  host.read_matching_async(
      glob,
      [asked_at = host.clock()->boot_now(), seen = std::move(seen)](const counter_readings& found) {
        counters_seen made{asked_at, nullptr, is_stale(found), found.error};
        if (found.error == fault::none)
          made.json = std::make_shared<const std::string>(readings_json(found));
        seen(std::move(made));
      },
      patience);
}

void shared_counters::look(engine& host, std::chrono::nanoseconds max_age, callback seen) {
  std::unique_lock guard{mutex_};
  if (newest_.json && host.clock()->boot_now() - newest_.asked_at < max_age) {
    const auto known = newest_;
    guard.unlock();
    return seen(known);
  }
  waiting_.push_back(std::move(seen));
  if (waiting_.size() > 1)
    return;
  guard.unlock();
  look_at_counters(host, all_metrics_glob,
                   [self = shared_from_this()](counters_seen now) { self->arrived(std::move(now)); });
}

void shared_counters::arrived(counters_seen seen) {
  std::vector<callback> waiting;
  {
    std::lock_guard guard{mutex_};
    newest_ = seen;
    waiting.swap(waiting_);
  }
  for (const auto& one : waiting)
    one(seen);
}

} // namespace holdfast

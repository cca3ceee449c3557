#include "runtime/limiter_registry.hpp"

namespace holdfast {

namespace {

constexpr std::size_t shared_max = 10'000;

bool is_same(const rate_limit& a, const rate_limit& b) noexcept {
  const auto& x = a.options;
  const auto& y = b.options;
  return a.rule.limit == b.rule.limit && a.rule.window_us == b.rule.window_us && a.rule.algorithm == b.rule.algorithm
         && x.mode == y.mode && x.when_away == y.when_away && x.shadow == y.shadow && x.near_percent == y.near_percent
         && x.deadline == y.deadline && x.lease_share == y.lease_share && x.lease_for == y.lease_for;
}

} // namespace

limiter_registry::limiter_registry(clock_ptr clock, counters_of counters)
  : clock_{std::move(clock)}, counters_{std::move(counters)} {}

limiter_core_ptr limiter_registry::find(const rate_limit& what) {
  const std::lock_guard guard{mutex_};
  const auto found = known_.find(what.key);
  if (found != known_.end() && is_same(found->second->limit(), what))
    return found->second;
  auto made = std::make_shared<limiter_core>(what, clock_, counters_(what.action), processes_);
  if (found != known_.end())
    found->second = made;
  else if (known_.size() < shared_max || (make_room(), known_.size() < shared_max))
    known_.emplace(what.key, made);
  return made;
}

std::size_t limiter_registry::size() const {
  const std::lock_guard guard{mutex_};
  return known_.size();
}

void limiter_registry::make_room() {
  std::erase_if(known_, [](const auto& one) { return one.second.use_count() == 1; });
}

} // namespace holdfast

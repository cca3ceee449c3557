#include "runtime/limiter_registry.hpp"

#include <algorithm>

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t keys_max = 10'000;
constexpr std::size_t limits_of_key_max = 4;

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
  auto found = known_.find(what.key);
  if (found != known_.end())
    for (const auto& one : found->second.cores)
      if (is_same(one->limit(), what))
        return one;
  const auto blind = found != known_.end() ? found->second.blind : std::make_shared<blind_record>(what.rule.window_us);
  auto made = std::make_shared<limiter_core>(what, clock_, counters_(what.action), processes_, blind);
  if (found == known_.end() && (known_.size() < keys_max || make_room()))
    found = known_.emplace(what.key, known_key{blind, {}}).first;
  if (found == known_.end())
    return made;
  auto& cores = found->second.cores;
  if (cores.size() == limits_of_key_max)
    cores.erase(cores.begin());
  cores.push_back(made);
  return made;
}

std::size_t limiter_registry::size() const {
  const std::lock_guard guard{mutex_};
  return known_.size();
}

bool limiter_registry::make_room() {
  const auto now = clock_->boot_now();
  if (now < room_again_)
    return false;
  const auto now_us = now.time_since_epoch() / 1us;
  std::erase_if(known_, [&](const auto& one) {
    const auto& [blind, cores] = one.second;
    return !blind->is_young(now_us) && std::all_of(cores.begin(), cores.end(), [](const auto& core) { return core.use_count() == 1; });
  });
  if (known_.size() < keys_max)
    return true;
  room_again_ = now + 100ms;
  return false;
}

} // namespace holdfast

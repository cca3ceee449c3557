#include "runtime/limiter_registry.hpp"

#include <algorithm>
#include <utility>

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t keys_max = 10'000;
constexpr std::size_t limits_of_key_max = 4;
constexpr std::size_t crowds = 4096;

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
  if (process_.forked())
    return make(what, limiter_counters{}, std::make_shared<blind_record>(what.rule.window_us, process_));
  const std::lock_guard guard{mutex_};
  auto found = known_.find(what.key);
  if (found != known_.end())
    for (const auto& one : found->second.cores)
      if (is_same(one->limit(), what))
        return one;
  if (found == known_.end() && known_.size() >= keys_max && !make_room())
    return of_crowd(what);
  if (found == known_.end())
    found = known_.emplace(what.key, known_key{std::make_shared<blind_record>(what.rule.window_us), {}}).first;
  auto made = make(what, counters_(what.action), found->second.blind);
  auto& cores = found->second.cores;
  if (cores.size() == limits_of_key_max)
    cores.erase(cores.begin());
  cores.push_back(made);
  return made;
}

limiter_core_ptr limiter_registry::make(const rate_limit& what, const limiter_counters& counts,
                                        std::shared_ptr<blind_record> blind) const {
  return std::make_shared<limiter_core>(what, clock_, counts, processes_, std::move(blind));
}

// Whoever makes his limits anew for every call would get a lease and a share of its own for each of them.
limiter_core_ptr limiter_registry::of_crowd(rate_limit what) {
  what.options.mode = rate_mode::exact;
  crowds_.resize(crowds);
  auto& crowd = crowds_[std::hash<std::string>{}(what.key) % crowds];
  if (!crowd)
    crowd = std::make_shared<blind_record>(what.rule.window_us);
  return make(what, counters_(what.action), std::make_shared<blind_record>(what.rule.window_us, process_, crowd));
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

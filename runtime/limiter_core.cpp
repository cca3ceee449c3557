#include "runtime/limiter_core.hpp"

#include <algorithm>
#include <limits>

namespace holdfast {

namespace {

using namespace std::chrono_literals;

// How long nobody asks a store that did not answer.
constexpr std::chrono::nanoseconds rest_of_store = 100ms;

// A lease in one word: its end in ms of the boot clock (34 years), then what is left of it.
constexpr unsigned left_bits = 24;
constexpr std::uint64_t left_max = (std::uint64_t{1} << left_bits) - 1;
constexpr std::int64_t left_of(std::uint64_t lease) noexcept { return static_cast<std::int64_t>(lease & left_max); }
constexpr std::int64_t end_ms_of(std::uint64_t lease) noexcept { return static_cast<std::int64_t>(lease >> left_bits); }
constexpr std::uint64_t lease_of(std::int64_t end_ms, std::int64_t left) noexcept {
  return static_cast<std::uint64_t>(end_ms) << left_bits | std::min(static_cast<std::uint64_t>(left), left_max);
}

constexpr std::int64_t ms_of(boot_time at) noexcept { return at.time_since_epoch() / 1ms; }

constexpr auto never = std::chrono::nanoseconds::max();

std::chrono::nanoseconds wait_of(const rate_verdict& verdict) noexcept {
  return verdict.retry_after_us < 0 ? never : std::chrono::microseconds{verdict.retry_after_us};
}

} // namespace

limiter_core::limiter_core(rate_limit what, clock_ptr clock, limiter_counters counts,
                           std::shared_ptr<const std::atomic<std::int64_t>> processes)
  : what_{std::move(what)}, clock_{std::move(clock)}, counts_{counts}, processes_{std::move(processes)} {}

std::optional<limiter_core::here> limiter_core::decide_here(std::uint32_t amount) noexcept {
  if (const auto taken = take_leased(amount); taken.left >= 0)
    return here{{true, taken.left, 0ns, rate_basis::lease}, taken.renew};
  if (std::int64_t{amount} > what_.rule.limit)
    return here{counted({false, 0, never, rate_basis::store}), false};
  const auto refused_until = refused_until_.load(std::memory_order_relaxed);
  const auto away_until = away_until_.load(std::memory_order_relaxed);
  if (refused_until == 0 && away_until == 0)
    return std::nullopt;
  const auto now = clock_->boot_now().time_since_epoch().count();
  if (now < refused_until && amount > 0)
    return here{counted({false, 0, std::chrono::nanoseconds{refused_until - now}, rate_basis::store}), false};
  if (now < away_until)
    return here{decide_blind(amount), false};
  return std::nullopt;
}

limiter_core::lease_use limiter_core::take_leased(std::uint32_t amount) noexcept {
  if (what_.options.mode != rate_mode::leased)
    return {};
  const auto now_ms = ms_of(clock_->coarse_now());
  for (auto& lease : leases_) {
    auto word = lease.load(std::memory_order_relaxed);
    while (left_of(word) >= amount && left_of(word) > 0 && end_ms_of(word) > now_ms) {
      if (!lease.compare_exchange_weak(word, word - amount, std::memory_order_relaxed))
        continue;
      counts_.allowed.incr();
      const auto left = left_of(word) - amount;
      const bool low = left < low_.load(std::memory_order_relaxed)
                       || (end_ms_of(word) - now_ms) * 4 < what_.options.lease_for / 1ms;
      const bool renew = low && !renewing_.load(std::memory_order_relaxed) && !renewing_.exchange(true);
      return {left, renew};
    }
  }
  return {};
}

// A lease grows with what was used of the last one, so that a process that hardly asks holds hardly anything back.
rate_request limiter_core::request_for(std::int64_t amounts) const {
  rate_request request{what_.rule, {}, 0, false, 0};
  {
    const std::lock_guard guard{mutex_};
    if (clock_->boot_now() - blind_at_ < std::chrono::microseconds{what_.rule.window_us})
      request.forced = blind_admitted_;
  }
  if (what_.options.mode == rate_mode::exact)
    return request;
  const auto share = what_.options.lease_share;
  const auto granted = last_granted_.load(std::memory_order_relaxed);
  const auto used = std::max<std::int64_t>(granted - leased_left(), 0);
  const auto wanted = granted == 0 ? (share + 3) / 4 : std::clamp<std::int64_t>(2 * used, 1, share);
  request.partial = true;
  request.hold_us = what_.options.lease_for / 1us;
  request.amounts = {static_cast<std::uint32_t>(std::min(std::max(amounts, wanted), what_.rule.limit))};
  return request;
}

rate_decision limiter_core::settle(const rate_verdict& verdict, std::uint32_t amount, boot_time asked_at) noexcept {
  away_until_.store(0, std::memory_order_relaxed);
  if (verdict.allowed)
    remember_admitted(verdict.granted);
  else if (amount == 1 && verdict.retry_after_us > 0)
    refused_until_.store((asked_at + wait_of(verdict)).time_since_epoch().count(), std::memory_order_relaxed);
  return counted({verdict.allowed, verdict.remaining, wait_of(verdict), rate_basis::store});
}

rate_decision limiter_core::settle_leased(std::uint32_t amount, std::int64_t& granted, const rate_verdict& verdict) noexcept {
  if (std::int64_t{amount} <= granted) {
    granted -= amount;
    return counted({true, granted, 0ns, rate_basis::lease});
  }
  // Where something was granted, but less than this, the store was not asked when there will be more: one permit's time.
  const auto wait = verdict.allowed ? std::chrono::microseconds{what_.rule.window_us / what_.rule.limit + 1} : wait_of(verdict);
  return counted({false, granted, wait, rate_basis::store});
}

void limiter_core::take_lease(std::int64_t granted, std::int64_t rest, const rate_verdict& verdict, boot_time asked_at) noexcept {
  away_until_.store(0, std::memory_order_relaxed);
  if (!verdict.allowed && verdict.retry_after_us > 0)
    refused_until_.store((asked_at + wait_of(verdict)).time_since_epoch().count(), std::memory_order_relaxed);
  remember_admitted(granted);
  if (granted > 0)
    last_granted_.store(granted, std::memory_order_relaxed);
  if (rest > 0) {
    low_.store(std::min(granted, rest) / 2, std::memory_order_relaxed);
    const auto now_ms = ms_of(clock_->boot_now());
    const auto worth = [&](const std::atomic<std::uint64_t>& lease) {
      const auto word = lease.load(std::memory_order_relaxed);
      return end_ms_of(word) > now_ms ? left_of(word) : 0;
    };
    auto& lease = worth(leases_[0]) <= worth(leases_[1]) ? leases_[0] : leases_[1];
    lease.store(lease_of(ms_of(asked_at + what_.options.lease_for - coarse_lag_max), rest), std::memory_order_relaxed);
  }
  renewing_.store(false, std::memory_order_relaxed);
}

rate_decision limiter_core::decide_blind(std::uint32_t amount) noexcept {
  counts_.blind.incr();
  const auto limit = what_.rule.limit;
  rate_verdict verdict{true, std::int64_t{amount}, limit, 0};
  const std::lock_guard guard{mutex_};
  if (what_.options.when_away == away_policy::closed)
    verdict = {false, 0, 0, rest_of_store / 1us};
  else if (what_.options.when_away == away_policy::local)
    verdict = decide(local_, {local_rule(), {amount}}, now_us()).verdicts.front();
  if (verdict.allowed) {
    blind_admitted_ = std::min(blind_admitted_ + amount, limit);
    blind_at_ = clock_->boot_now();
  }
  return counted({verdict.allowed, verdict.remaining, wait_of(verdict), rate_basis::blind});
}

void limiter_core::store_failed() noexcept {
  away_until_.store((clock_->boot_now() + rest_of_store).time_since_epoch().count(), std::memory_order_relaxed);
  refused_until_.store(0, std::memory_order_relaxed);
}

void limiter_core::blind_told(std::int64_t forced) noexcept {
  const std::lock_guard guard{mutex_};
  blind_admitted_ = std::max<std::int64_t>(blind_admitted_ - forced, 0);
}

std::int64_t limiter_core::leased_left() const noexcept {
  const auto now_ms = ms_of(clock_->boot_now());
  std::int64_t left = 0;
  for (const auto& lease : leases_) {
    const auto word = lease.load(std::memory_order_relaxed);
    left += end_ms_of(word) > now_ms ? left_of(word) : 0;
  }
  return left;
}

rate_decision limiter_core::counted(rate_decision decision) noexcept {
  if (!decision.allowed && what_.options.shadow) {
    counts_.shadow.incr();
    decision.allowed = true;
    return decision;
  }
  (decision.allowed ? counts_.allowed : counts_.refused).incr();
  const auto limit = what_.rule.limit;
  if (decision.allowed && decision.basis == rate_basis::store
      && (limit - decision.remaining) * 100 >= limit * what_.options.near_percent)
    counts_.near.incr();
  return decision;
}

void limiter_core::remember_admitted(std::int64_t amount) {
  if (amount <= 0 || what_.options.when_away != away_policy::local)
    return;
  const std::lock_guard guard{mutex_};
  decide(local_, {local_rule(), {}, 0, false, amount}, now_us());
}

rate_rule limiter_core::local_rule() const noexcept {
  auto rule = what_.rule;
  rule.limit = std::max<std::int64_t>(rule.limit / std::max<std::int64_t>(processes_->load(std::memory_order_relaxed), 1), 1);
  return rule;
}

std::int64_t limiter_core::now_us() const noexcept { return clock_->boot_now().time_since_epoch() / 1us; }

} // namespace holdfast

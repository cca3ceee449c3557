#include "runtime/limiter_core.hpp"

#include <algorithm>
#include <limits>

#include "runtime/blind_record.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

// How long nobody asks a store that did not answer.
constexpr std::chrono::nanoseconds rest_of_store = 100ms;

// A refusal that ends so soon is not worth a question.
constexpr std::chrono::nanoseconds short_refusal = 1s;

// A lease in one word: its end in ms of the boot clock (34 years), then what is left of it.
constexpr unsigned left_bits = 24;
constexpr std::uint64_t left_max = lease_share_max;
static_assert(left_max == (std::uint64_t{1} << left_bits) - 1);
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
                           std::shared_ptr<const std::atomic<std::int64_t>> processes, std::shared_ptr<blind_record> blind)
  : what_{std::move(what)}, clock_{std::move(clock)}, counts_{counts}, processes_{std::move(processes)},
    blind_{std::move(blind)} {}

std::optional<limiter_core::here> limiter_core::decide_here(std::uint32_t amount) noexcept {
  if (const auto taken = take_leased(amount); taken.left >= 0)
    return here{{true, taken.left, 0ns, rate_basis::lease}, taken.renew};
  if (blind_->forked())
    return here{decide_blind(amount), false};
  if (const auto left = amount == 0 ? leased_left() : 0; left > 0)
    return here{{true, left, 0ns, rate_basis::lease}, false};
  if (std::int64_t{amount} > what_.rule.limit)
    return here{counted({false, 0, never, rate_basis::store}, amount, -1), false};
  const auto refused_until = refused_until_.load(std::memory_order_relaxed);
  const auto away_until = blind_->away_until();
  if (refused_until == 0 && away_until == 0)
    return std::nullopt;
  const auto now = clock_->boot_now().time_since_epoch().count();
  const std::chrono::nanoseconds refused_for{refused_until - now};
  const bool doubted = amount > 0 && refused_for >= short_refusal && blind_->doubts_refusal(now);
  if (doubted)
    refused_until_.store(0, std::memory_order_relaxed);
  else if (refused_for > 0ns && amount > 0)
    return here{counted({false, 0, refused_for, rate_basis::store}, amount, -1), false};
  if (now < away_until)
    return here{decide_blind(amount), false};
  return std::nullopt;
}

limiter_core::lease_use limiter_core::take_leased(std::uint32_t amount) noexcept {
  // A child's copy of a lease is the parent's.
  if (what_.options.mode != rate_mode::leased || amount == 0 || blind_->forked())
    return {};
  const auto now_ms = ms_of(clock_->coarse_now());
  for (auto& lease : leases_) {
    auto word = lease.load(std::memory_order_relaxed);
    while (left_of(word) >= amount && end_ms_of(word) > now_ms) {
      if (!lease.compare_exchange_weak(word, word - amount, std::memory_order_relaxed))
        continue;
      counts_.allowed.incr();
      const auto left = left_of(word) - amount;
      if (left <= near_left_.load(std::memory_order_relaxed))
        counts_.near.incr();
      const bool low = left < low_.load(std::memory_order_relaxed)
                       || (end_ms_of(word) - now_ms) * 4 < what_.options.lease_for / 1ms;
      const bool renew = low && !renewing_.load(std::memory_order_relaxed) && !renewing_.exchange(true);
      return {left, renew};
    }
  }
  return {};
}

rate_request limiter_core::request_for(std::vector<std::uint32_t> amounts, bool renewal) const {
  rate_request request{what_.rule, std::move(amounts)};
  request.forced = std::min(blind_->untold(what_.rule.window_us, now_us()), what_.rule.limit);
  if (what_.options.mode == rate_mode::exact)
    return request;
  std::int64_t sum = 0;
  auto least = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t one : request.amounts) {
    sum += one;
    least = one > 0 ? std::min(least, one) : least;
  }
  if (sum == 0 && !renewal) {
    request.amounts = {0};
    return request;
  }
  // Where not even one of those who wait could be served, nothing is taken: it would be in the way of the next try.
  request.least = renewal ? 1 : least;
  request.hold_us = what_.options.lease_for / 1us;
  request.amounts = {static_cast<std::uint32_t>(std::min(std::max(sum, wanted_lease()), what_.rule.limit))};
  return request;
}

// A lease grows with what was used of the last one, so that a process that hardly asks holds hardly anything back.
std::int64_t limiter_core::wanted_lease() const noexcept {
  const auto share = what_.options.lease_share;
  const auto granted = last_granted_.load(std::memory_order_relaxed);
  const auto used = std::max<std::int64_t>(granted - leased_left(), 0);
  return granted == 0 ? (share + 3) / 4 : std::clamp<std::int64_t>(2 * used, 1, share);
}

rate_decision limiter_core::settle(const rate_verdict& verdict, std::uint32_t amount, boot_time asked_at) noexcept {
  blind_->set_away_until(0);
  if (verdict.allowed)
    remember_admitted(verdict.granted);
  else if (amount == 1)
    remember_refusal(verdict, asked_at);
  return counted({verdict.allowed, verdict.remaining, wait_of(verdict), rate_basis::store}, amount, verdict.remaining);
}

bool limiter_core::lease_has_ended(boot_time asked_at) const noexcept {
  return clock_->boot_now() >= asked_at + what_.options.lease_for - coarse_lag_max;
}

rate_decision limiter_core::settle_leased(std::uint32_t amount, std::int64_t& granted, const rate_verdict& verdict) noexcept {
  if (amount == 0)
    return {true, verdict.remaining + granted, 0ns, rate_basis::store};
  if (std::int64_t{amount} <= granted) {
    granted -= amount;
    return counted({true, granted, 0ns, rate_basis::lease}, amount, verdict.remaining + granted);
  }
  // Where something was granted, but less than this, the store was not asked when there will be more: one permit's time.
  const auto wait = verdict.allowed ? std::chrono::microseconds{what_.rule.window_us / what_.rule.limit + 1} : wait_of(verdict);
  return counted({false, granted, wait, rate_basis::store}, amount, -1);
}

void limiter_core::take_lease(std::int64_t granted, std::int64_t rest, const rate_verdict& verdict, boot_time asked_at) noexcept {
  blind_->set_away_until(0);
  remember_admitted(granted);
  if (granted > 0)
    last_granted_.store(granted, std::memory_order_relaxed);
  if (rest > 0) {
    const auto limit = what_.rule.limit;
    low_.store(std::min(granted, rest) / 2, std::memory_order_relaxed);
    near_left_.store(limit - verdict.remaining - (limit * what_.options.near_percent + 99) / 100, std::memory_order_relaxed);
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

void limiter_core::remember_refusal(const rate_verdict& verdict, boot_time asked_at) noexcept {
  if (verdict.allowed || verdict.retry_after_us <= 0)
    return;
  refused_until_.store((asked_at + wait_of(verdict)).time_since_epoch().count(), std::memory_order_relaxed);
  if (wait_of(verdict) >= short_refusal)
    blind_->trust_refusal(clock_->boot_now().time_since_epoch().count());
}

rate_decision limiter_core::decide_blind(std::uint32_t amount) noexcept {
  rate_verdict verdict{true, std::int64_t{amount}, what_.rule.limit, 0};
  const bool has_no_share = what_.options.when_away == away_policy::local && blind_->forked();
  if (what_.options.when_away == away_policy::closed || has_no_share)
    verdict = {false, 0, 0, rest_of_store / 1us};
  else if (what_.options.when_away == away_policy::local)
    verdict = blind_->take_share(local_rule(), amount, now_us());
  if (amount > 0) {
    counts_.blind.incr();
    if (verdict.allowed && !blind_->forked())
      blind_->admitted_blindly(amount, now_us());
  }
  return counted({verdict.allowed, verdict.remaining, wait_of(verdict), rate_basis::blind}, amount, -1);
}

void limiter_core::store_failed() noexcept {
  blind_->set_away_until((clock_->boot_now() + rest_of_store).time_since_epoch().count());
  refused_until_.store(0, std::memory_order_relaxed);
}

void limiter_core::blind_told(std::int64_t forced) noexcept {
  if (forced > 0)
    blind_->told(forced);
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

rate_decision limiter_core::counted(rate_decision decision, std::uint32_t amount, std::int64_t free) noexcept {
  const bool refused = !decision.allowed;
  decision.allowed = decision.allowed || what_.options.shadow;
  if (amount == 0)
    return decision;
  (!refused ? counts_.allowed : decision.allowed ? counts_.shadow : counts_.refused).incr();
  const auto limit = what_.rule.limit;
  if (!refused && free >= 0 && (limit - free) * 100 >= limit * what_.options.near_percent)
    counts_.near.incr();
  return decision;
}

void limiter_core::remember_admitted(std::int64_t amount) {
  if (amount <= 0)
    return;
  refused_until_.store(0, std::memory_order_relaxed);
  blind_->note_admission();
  if (what_.options.when_away == away_policy::local)
    blind_->admitted_by_store(local_rule(), amount, now_us());
}

// Always a rolling one: all limits of the key share its window, whatever their algorithm.
rate_rule limiter_core::local_rule() const noexcept {
  const auto processes = std::max<std::int64_t>(processes_->load(std::memory_order_relaxed), 1);
  return {std::max<std::int64_t>(what_.rule.limit / processes, 1), what_.rule.window_us};
}

std::int64_t limiter_core::now_us() const noexcept { return clock_->boot_now().time_since_epoch() / 1us; }

} // namespace holdfast

#include "runtime/blind_record.hpp"

#include <algorithm>

namespace holdfast {

rate_verdict blind_record::take_share(const rate_rule& share, std::uint32_t amount, std::int64_t now_us) {
  auto& record = crowd_ ? *crowd_ : *this;
  const std::lock_guard guard{record.mutex_};
  const auto rule = crowd_ ? record.of_longest_window(share) : share;
  return decide(record.share_, {rule, {amount}}, now_us).verdicts.front();
}

void blind_record::admitted_by_store(const rate_rule& share, std::int64_t amount, std::int64_t now_us) {
  auto& record = crowd_ ? *crowd_ : *this;
  const std::lock_guard guard{record.mutex_};
  rate_request request{crowd_ ? record.of_longest_window(share) : share, {}};
  request.forced = amount;
  decide(record.share_, request, now_us);
}

// A shorter window would let go what a longer one of another key still has to count.
rate_rule blind_record::of_longest_window(rate_rule share) noexcept {
  longest_us_ = std::max(longest_us_, share.window_us);
  share.window_us = longest_us_;
  return share;
}

void blind_record::admitted_blindly(std::uint32_t amount, std::int64_t now_us) noexcept {
  const std::lock_guard guard{mutex_};
  const auto now_part = now_us / part_us_;
  for (auto index = std::max(newest_ + 1, now_part - parts + 1); index <= now_part; ++index)
    part(index) = 0;
  newest_ = std::max(newest_, now_part);
  part(newest_) = std::min(part(newest_) + amount, rate_limit_max);
  blind_at_us_ = now_us;
}

std::int64_t blind_record::untold(std::int64_t window_us, std::int64_t now_us) const noexcept {
  const std::lock_guard guard{mutex_};
  std::int64_t sum = 0;
  for (auto index = newest_; index > newest_ - parts && index >= 0 && index * part_us_ > now_us - window_us; --index)
    sum += untold_[static_cast<std::size_t>(index % parts)];
  return sum;
}

void blind_record::told(std::int64_t amount) noexcept {
  const std::lock_guard guard{mutex_};
  for (auto index = std::max<std::int64_t>(newest_ - parts + 1, 0); index <= newest_ && amount > 0; ++index) {
    const auto of_this = std::min(part(index), amount);
    part(index) -= of_this;
    amount -= of_this;
  }
}

bool blind_record::is_young(std::int64_t now_us) const noexcept {
  const std::lock_guard guard{mutex_};
  return blind_at_us_ >= 0 && now_us - blind_at_us_ < window_us_;
}

bool blind_record::doubts_refusal(boot_time::rep now) noexcept {
  auto until = trusted_until_.load(std::memory_order_relaxed);
  if (now < until || !trusted_until_.compare_exchange_strong(until, now + refusal_trust.count(), std::memory_order_relaxed))
    return false;
  in_doubt_.store(true, std::memory_order_relaxed);
  return true;
}

// Trust that is under way is not made longer: limits that are refused again and again would keep it up for the others.
void blind_record::trust_refusal(boot_time::rep now) noexcept {
  in_doubt_.store(false, std::memory_order_relaxed);
  auto until = trusted_until_.load(std::memory_order_relaxed);
  if (now >= until)
    trusted_until_.compare_exchange_strong(until, now + refusal_trust.count(), std::memory_order_relaxed);
}

void blind_record::note_admission() noexcept {
  if (in_doubt_.load(std::memory_order_relaxed) && in_doubt_.exchange(false, std::memory_order_relaxed))
    trusted_until_.store(0, std::memory_order_relaxed);
}

} // namespace holdfast

#include "runtime/blind_record.hpp"

#include <algorithm>

namespace holdfast {

rate_verdict blind_record::take_share(const rate_rule& share, std::uint32_t amount, std::int64_t now_us) {
  const std::lock_guard guard{mutex_};
  return decide(share_, {share, {amount}}, now_us).verdicts.front();
}

void blind_record::admitted_by_store(const rate_rule& share, std::int64_t amount, std::int64_t now_us) {
  rate_request request{share, {}};
  request.forced = amount;
  const std::lock_guard guard{mutex_};
  decide(share_, request, now_us);
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

} // namespace holdfast

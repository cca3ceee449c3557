#include "engine/limiter.hpp"

#include <algorithm>
#include <future>

#include "engine/limiter_access.hpp"

namespace holdfast {

namespace {

constexpr rate_decision of_a_wrong_limit{false, 0, std::chrono::nanoseconds::max(), rate_basis::none};

} // namespace

rate_decision limiter::try_acquire(std::uint32_t amount) noexcept {
  if (!core_)
    return of_a_wrong_limit;
  if (const auto taken = core_->take_leased(amount); taken.left >= 0) [[likely]] {
    if (taken.renew)
      ask_for_lease();
    return {true, taken.left, std::chrono::nanoseconds{0}, rate_basis::lease};
  }
  return try_acquire(amount, core_->limit().options.deadline);
}

rate_decision limiter::try_acquire(std::uint32_t amount, std::chrono::nanoseconds deadline) noexcept {
  if (!core_)
    return of_a_wrong_limit;
  if (const auto here = core_->decide_here(amount)) {
    if (here->renew)
      ask_for_lease();
    return here->decision;
  }
  if (deadline <= std::chrono::nanoseconds{0})
    return core_->decide_blind(amount);
  return ask_and_wait(amount, std::min<std::chrono::nanoseconds>(deadline, rate_deadline_max));
}

void limiter::try_acquire_async(std::uint32_t amount, std::function<void(rate_decision)> callback) noexcept {
  try {
    if (!core_)
      return callback(of_a_wrong_limit);
    if (const auto here = core_->decide_here(amount)) {
      if (here->renew)
        ask_for_lease();
      return callback(here->decision);
    }
    // Where nobody takes it, it answers itself.
    access_->send(permits_awaited{std::make_shared<awaited_permits>(core_, amount, access_->clock()->boot_now(),
                                                                    core_->limit().options.deadline, std::move(callback))});
  } catch (...) { // the callback's own, or no memory
  }
}

rate_decision limiter::ask_and_wait(std::uint32_t amount, std::chrono::nanoseconds deadline) noexcept {
  try {
    auto told = std::make_shared<std::promise<rate_decision>>();
    auto answer = told->get_future();
    const auto who = std::make_shared<awaited_permits>(core_, amount, access_->clock()->boot_now(), deadline,
                                                       [told](const rate_decision& decision) { told->set_value(decision); });
    const bool sent = access_->send(permits_awaited{who});
    if (sent && answer.wait_for(deadline) == std::future_status::ready)
      return answer.get();
    if (!who->claim()) // it comes this very moment
      return answer.get();
    // One with less time than the limit gives the store says nothing about it.
    if (sent && deadline >= core_->limit().options.deadline)
      core_->store_failed();
  } catch (...) { // no memory
  }
  return core_->decide_blind(amount);
}

void limiter::ask_for_lease() noexcept {
  try {
    if (access_->send(lease_low{core_}))
      return;
  } catch (...) { // no memory
  }
  core_->lease_not_taken();
}

} // namespace holdfast

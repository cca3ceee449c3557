// A handle to one rate limit, from engine.limiter(): keep it and ask it from any thread.
//
//   auto calls = engine.limiter("rate_limit:user_123:api_calls", 100, 60s);
//   if (auto now = calls.try_acquire(); !now.allowed)
//     later(now.retry_after);
//
// Threads   any; copies share the limit's leases.
// Blocking  try_acquire waits for the store, and never beyond its deadline; with leases it decides in nanoseconds while one
//           lasts. try_acquire_async never waits.
// Errors    none thrown. The handle of a limit that cannot be (error() tells why) refuses everything.
// Life      a handle may outlive its engine; it then decides blindly, by the limit's away_policy.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/limiter_core.hpp>
#include <holdfast/runtime/rate_limit.hpp>

namespace holdfast {

// Private: the way to an engine's rate limiter while it lives.
class limiter_access;

class HOLDFAST_EXPORT limiter { // a handle, as small as three pointers
public:
  // Refuses everything.
  limiter() = default;
  // For the engine.
  limiter(limiter_core_ptr core, std::shared_ptr<limiter_access> access) : core_{std::move(core)}, access_{std::move(access)} {}
  // For the engine: refuses everything, and error() tells why.
  explicit limiter(rate_limit_refusal why) : why_{std::make_shared<const rate_limit_refusal>(std::move(why))} {}

  // `amount` permits or none; 0 only looks, and is not counted. More than the limit is never admitted.
  rate_decision try_acquire(std::uint32_t amount = 1) noexcept;
  // With a deadline of its own in place of limiter_options::deadline: none or a negative one decides without the store, more
  // than 60 s is 60 s.
  rate_decision try_acquire(std::uint32_t amount, std::chrono::nanoseconds deadline) noexcept;
  // Calls back once: before it returns where the answer is at hand, else on a thread of the actor system.
  void try_acquire_async(std::uint32_t amount, std::function<void(rate_decision)> callback) noexcept;

  // False: the limit is one that cannot be.
  explicit operator bool() const noexcept { return core_ != nullptr; }
  // `none`: nothing is wrong. Of a default-constructed handle: `bad_key`.
  rate_limit_error error() const noexcept {
    return core_ ? rate_limit_error::none : why_ ? why_->why : rate_limit_error::bad_key;
  }
  // For people: the thing, its value and what is accepted. Empty: nothing is wrong.
  std::string error_text() const { return why_ ? why_->text : std::string{}; }

private:
  rate_decision ask_and_wait(std::uint32_t amount, std::chrono::nanoseconds deadline) noexcept;
  void ask_for_lease() noexcept;

  limiter_core_ptr core_;
  std::shared_ptr<limiter_access> access_;
  std::shared_ptr<const rate_limit_refusal> why_;
};

} // namespace holdfast

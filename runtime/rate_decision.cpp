#include "runtime/rate_decision.hpp"

#include "runtime/rate_state_bytes.hpp"
#include "runtime/rolling_window.hpp"
#include "runtime/smooth_rate.hpp"

namespace holdfast {

namespace {

rate_outcome refuse_all(const rate_request& request) {
  rate_outcome outcome;
  for (const auto amount : request.amounts) {
    const bool never = std::int64_t{amount} > request.rule.limit && request.least == 0;
    outcome.verdicts.push_back({false, 0, 0, never ? -1 : request.rule.window_us});
  }
  outcome.until_expiry = true;
  outcome.expires_in_ms = request.rule.window_us / 1000 + 2;
  return outcome;
}

template <class Algorithm>
rate_outcome decide_as(std::string& state, const rate_request& request, std::int64_t now_us) {
  Algorithm algorithm{state};
  auto outcome = algorithm.decide(request, now_us);
  if (outcome.changed)
    state = algorithm.bytes();
  return outcome;
}

} // namespace

bool operator==(const rate_verdict& a, const rate_verdict& b) noexcept {
  return a.allowed == b.allowed && a.granted == b.granted && a.remaining == b.remaining && a.retry_after_us == b.retry_after_us;
}

rate_outcome decide(std::string& state, const rate_request& request, std::int64_t now_us) {
  const bool smooth = request.rule.algorithm == rate_algorithm::smooth;
  if (state.starts_with(smooth ? rolling_magic : smooth_magic))
    return refuse_all(request);
  return smooth ? decide_as<smooth_rate>(state, request, now_us) : decide_as<rolling_window>(state, request, now_us);
}

} // namespace holdfast

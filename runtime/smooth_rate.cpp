#include "runtime/smooth_rate.hpp"

#include <algorithm>

#include "runtime/rate_state_bytes.hpp"

namespace holdfast {

namespace {

constexpr std::size_t state_bytes = 44;

} // namespace

smooth_rate::smooth_rate(const std::string& bytes) {
  bytes_.assign(state_bytes, '\0');
  if (bytes.size() != state_bytes || !bytes.starts_with(smooth_magic))
    return;
  for (std::size_t at = rate_magic_bytes; at < state_bytes; at += 8)
    if (!is_rate_number(number_at(bytes, at, 8)))
      return;
  bytes_ = bytes;
  skew_ = number_at(bytes, 4, 8);
  last_ = number_at(bytes, 12, 8);
  arrival_ = {number_at(bytes, 20, 8), number_at(bytes, 28, 8)};
  parts_ = number_at(bytes, 36, 8);
}

rate_outcome smooth_rate::decide(const rate_request& request, std::int64_t now_us) {
  const auto& rule = request.rule;
  rate_outcome outcome;
  outcome.changed = begin(rule, now_us) || request.forced > 0;
  force(request);
  for (const auto amount : request.amounts) {
    const auto after = later(rule, std::min<std::int64_t>(amount, rule.limit));
    const auto ahead = after.us + (after.fraction > 0 ? 1 : 0) - now_;
    if (amount <= rule.limit && ahead <= rule.window_us) {
      arrival_ = after;
      outcome.verdicts.push_back({true, std::int64_t{amount}, free(rule), 0});
      outcome.changed = outcome.changed || amount > 0;
    } else {
      outcome.verdicts.push_back({false, 0, free(rule), amount > rule.limit ? -1 : ahead - rule.window_us});
    }
  }
  outcome.expires_in_ms = (arrival_.us - now_) / 1000 + 2;
  if (!outcome.changed)
    return outcome;
  bytes_.replace(0, rate_magic_bytes, smooth_magic);
  std::size_t at = rate_magic_bytes;
  for (const auto number : {skew_, now_, arrival_.us, arrival_.fraction, rule.limit}) {
    put_number(bytes_, at, 8, number);
    at += 8;
  }
  return outcome;
}

bool smooth_rate::begin(const rate_rule& rule, std::int64_t now_us) {
  const bool went_back = now_us + skew_ < last_;
  if (went_back)
    skew_ = last_ - now_us;
  now_ = now_us + skew_;
  // Parts of another size cannot be added to: rounded up, never over the limit.
  if (parts_ != rule.limit && arrival_.fraction > 0)
    arrival_ = {arrival_.us + 1, 0};
  if (arrival_.us < now_)
    arrival_ = {now_, 0};
  return went_back;
}

void smooth_rate::force(const rate_request& request) {
  const auto forced = std::min(request.forced, request.rule.limit);
  if (forced <= 0)
    return;
  arrival_ = later(request.rule, forced);
  if (arrival_.us >= now_ + request.rule.window_us)
    arrival_ = {now_ + request.rule.window_us, 0};
}

smooth_rate::moment smooth_rate::later(const rate_rule& rule, std::int64_t amount) const noexcept {
  const auto step = amount * rule.window_us;
  moment after{arrival_.us + step / rule.limit, arrival_.fraction + step % rule.limit};
  if (after.fraction >= rule.limit) {
    ++after.us;
    after.fraction -= rule.limit;
  }
  return after;
}

std::int64_t smooth_rate::free(const rate_rule& rule) const noexcept {
  const auto ahead = arrival_.us - now_;
  if (ahead >= rule.window_us)
    return 0;
  const auto room = (rule.window_us - ahead) * rule.limit - arrival_.fraction;
  return room > 0 ? room / rule.window_us : 0;
}

} // namespace holdfast

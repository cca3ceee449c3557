#include <algorithm>

#include "runtime/process_register.hpp"
#include "runtime/sqlite_kv.hpp"

namespace holdfast {

std::optional<std::vector<rate_verdict>> sqlite_kv::decide_rate_limit(std::string_view key, const rate_request& request,
                                                                      std::int64_t now_us, std::int64_t now_ms) {
  const auto stored = get(key, now_ms);
  auto bytes = stored ? stored->text : std::string{};
  auto outcome = decide(bytes, request, now_us);
  const bool never_expires = stored && !stored->expires_ms;
  if ((outcome.changed || never_expires) && !set(key, bytes, now_ms + outcome.expires_in_ms))
    return std::nullopt;
  if (outcome.until_expiry && stored->expires_ms)
    for (auto& verdict : outcome.verdicts)
      if (verdict.retry_after_us > 0)
        verdict.retry_after_us = std::max<std::int64_t>((*stored->expires_ms - now_ms) * 1000, 1);
  return std::move(outcome.verdicts);
}

std::int64_t sqlite_kv::note_process(std::string_view key, std::string_view who, std::int64_t now_ms) {
  constexpr std::int64_t remembered_ms = 30'000;
  const auto known = get(key, now_ms);
  const auto next = holdfast::note_process(known ? known->text : std::string{}, who, now_ms, remembered_ms);
  return set(key, next.text, now_ms + remembered_ms) ? next.processes : 0;
}

} // namespace holdfast

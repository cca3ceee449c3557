#include "runtime/rate_limit.hpp"

#include <algorithm>

#include "runtime/printable.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t exact_max = std::int64_t{1} << 53;

using refused = unexpected<rate_limit_refusal>;

std::string quoted(std::string_view text) { return '"' + printable(std::string{text.substr(0, 80)}) + '"'; }

constexpr bool is_subject_byte(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7F && c != ':' && c != '{' && c != '}';
}

constexpr bool is_action_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

std::optional<rate_limit_refusal> refusal_of_names(std::string_view subject, std::string_view action) {
  if (subject.empty() || subject.size() > rate_subject_bytes_max || !std::all_of(subject.begin(), subject.end(), is_subject_byte))
    return rate_limit_refusal{rate_limit_error::bad_subject,
                              "rate limit: subject " + quoted(subject)
                                + ": 1 to 128 bytes without colons, braces, blanks and control characters are accepted"};
  if (action.empty() || action.size() > rate_action_bytes_max || !std::all_of(action.begin(), action.end(), is_action_byte))
    return rate_limit_refusal{rate_limit_error::bad_action, "rate limit: action " + quoted(action)
                                                              + ": 1 to 64 letters, digits, _, . and - are accepted"};
  return std::nullopt;
}

std::optional<rate_limit_refusal> refusal_of_rule(std::int64_t limit, std::chrono::nanoseconds window,
                                                  const limiter_options& options) {
  if (limit < 1 || limit > rate_limit_max)
    return rate_limit_refusal{rate_limit_error::bad_limit,
                              "rate limit: limit " + std::to_string(limit) + ": 1 to 1000000000 are accepted"};
  if (window < rate_window_min || window > rate_window_max || window % 1us != 0ns)
    return rate_limit_refusal{rate_limit_error::bad_window,
                              "rate limit: window " + std::to_string(window.count())
                                + " ns: whole microseconds from 1 ms to 31 days are accepted"};
  if (options.algorithm == rate_algorithm::smooth && window / 1us > exact_max / limit)
    return rate_limit_refusal{rate_limit_error::bad_window,
                              "rate limit: window " + std::to_string(window / 1us) + " us with limit " + std::to_string(limit)
                                + ": a smooth limit times its window in microseconds may be 2^53 at most"};
  return std::nullopt;
}

rate_limit_refusal bad_options(const std::string& what) {
  return {rate_limit_error::bad_options, "rate limit: " + what + " are accepted"};
}

std::optional<rate_limit_refusal> refusal_of_options(std::int64_t limit, std::chrono::nanoseconds window,
                                                     const limiter_options& options) {
  if (options.deadline <= 0ns || options.deadline > rate_deadline_max)
    return bad_options("deadline " + std::to_string(options.deadline.count()) + " ns: 1 ns to 60 s");
  if (options.near_percent < 1 || options.near_percent > 100)
    return bad_options("near_percent " + std::to_string(options.near_percent) + ": 1 to 100");
  if (options.mode == rate_mode::exact)
    return std::nullopt;
  if (options.algorithm == rate_algorithm::smooth)
    return bad_options("a smooth limit with leases, which would undo it: rolling limits");
  if (window < leased_window_min)
    return bad_options("window " + std::to_string(window.count()) + " ns with leases: windows of 1 s and more");
  if (options.lease_share < 0 || options.lease_share > std::min(limit, lease_share_max))
    return bad_options("lease_share " + std::to_string(options.lease_share) + ": 0 (an eighth) to the limit, "
                       + std::to_string(lease_share_max) + " at most,");
  if (options.lease_for != 0ns && (options.lease_for < lease_for_min || options.lease_for > window))
    return bad_options("lease_for " + std::to_string(options.lease_for.count())
                       + " ns: 0 (a sixteenth), or 100 ms to the window");
  return std::nullopt;
}

} // namespace

expected<std::string, rate_limit_refusal> rate_limit_key(std::string_view subject, std::string_view action) {
  if (auto why = refusal_of_names(subject, action))
    return refused{std::move(*why)};
  return std::string{rate_limit_prefix}.append(subject).append(":").append(action);
}

expected<rate_limit, rate_limit_refusal> check_rate_limit(std::string_view key, std::int64_t limit,
                                                          std::chrono::nanoseconds window, const limiter_options& options) {
  const auto names = key.starts_with(rate_limit_prefix) ? key.substr(rate_limit_prefix.size()) : std::string_view{};
  const auto colon = names.find(':');
  if (colon == std::string_view::npos)
    return refused{{rate_limit_error::bad_key, "rate limit: key " + quoted(key) + ": rate_limit:<subject>:<action> is accepted"}};
  const auto action = names.substr(colon + 1);
  if (auto why = refusal_of_names(names.substr(0, colon), action))
    return refused{std::move(*why)};
  if (auto why = refusal_of_rule(limit, window, options))
    return refused{std::move(*why)};
  if (auto why = refusal_of_options(limit, window, options))
    return refused{std::move(*why)};
  rate_limit made{std::string{key}, std::string{action}, {limit, window / 1us, options.algorithm}, options};
  if (made.options.lease_share == 0)
    made.options.lease_share = std::clamp<std::int64_t>(limit / 8, 1, lease_share_max);
  if (made.options.lease_for == 0ns)
    made.options.lease_for = std::clamp<std::chrono::nanoseconds>(window / 16, lease_for_min, 10s);
  return made;
}

} // namespace holdfast

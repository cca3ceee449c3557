#include "runtime/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

#include <curl/curl.h>

namespace holdfast {

namespace {

using std::chrono::seconds;

seconds bounded(std::int64_t count) { return seconds{std::clamp<std::int64_t>(count, 1, embargo_max.count())}; }

std::int64_t unix_seconds(wall_time now) {
  return std::chrono::floor<seconds>(now).time_since_epoch().count();
}

std::optional<seconds> banned_until(std::string_view body, wall_time now) {
  constexpr std::string_view mark = "banned until ";
  const auto at = body.find(mark);
  if (at == std::string_view::npos)
    return std::nullopt;
  std::int64_t until_ms = 0;
  const auto text = body.substr(at + mark.size());
  if (std::from_chars(text.data(), text.data() + text.size(), until_ms).ec != std::errc{})
    return std::nullopt;
  return bounded(until_ms / 1000 + 1 - unix_seconds(now));
}

} // namespace

std::optional<seconds> parse_retry_after(std::string_view text, wall_time now) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc::result_out_of_range)
    return text.starts_with('-') ? bounded(1) : embargo_max;
  if (error == std::errc{} && end == text.data() + text.size())
    return bounded(count);
  const auto date = curl_getdate(std::string{text}.c_str(), nullptr);
  if (date < 0)
    return std::nullopt;
  return bounded(static_cast<std::int64_t>(date) - unix_seconds(now));
}

seconds embargo_of(const http_answer& answer, wall_time now, seconds fallback) {
  std::optional<seconds> longest;
  if (const auto header = answer.header("retry-after"))
    longest = parse_retry_after(*header, now);
  if (const auto told = banned_until(answer.body, now))
    longest = std::max(longest.value_or(*told), *told);
  return longest.value_or(fallback);
}

} // namespace holdfast

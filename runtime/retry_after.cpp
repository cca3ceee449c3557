#include "runtime/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <limits>
#include <string>

#include "runtime/curl_library.hpp"

namespace holdfast {

namespace {

using std::chrono::seconds;

constexpr std::size_t error_body_max = 4096; // a list of symbols is not searched

// Nothing to wait for is nothing told: who answered that nobody may ask does not mean "at once".
std::optional<seconds> told(std::int64_t count) {
  if (count <= 0)
    return std::nullopt;
  return seconds{std::min<std::int64_t>(count, embargo_max.count())};
}

// From a Unix time to another one, without overflow.
std::optional<seconds> told_until(std::int64_t until, wall_time now) {
  const auto begin = std::chrono::floor<seconds>(now).time_since_epoch().count();
  return until <= begin ? std::nullopt : told(until - begin);
}

constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The digits that `text` begins with; more than fit count as the largest number.
std::optional<std::int64_t> leading_number(std::string_view text) {
  if (text.empty() || !digit(text.front()))
    return std::nullopt;
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc::result_out_of_range ? std::numeric_limits<std::int64_t>::max() / 2 : number;
}

// curl's reader takes nearly anything: an HTTP date begins with a weekday's name.
std::optional<std::int64_t> http_date(std::string_view text) {
  if (text.size() < 16 || text.size() > 64 || digit(text.front()) || text.find(':') == std::string_view::npos)
    return std::nullopt;
  const auto& curl = curl_library::get();
  const auto date = curl ? curl->getdate(std::string{text}.c_str(), nullptr) : -1;
  if (date < 0)
    return std::nullopt;
  return date;
}

std::optional<seconds> banned_until(std::string_view body, wall_time now) {
  constexpr std::string_view mark = "banned until ";
  body = body.substr(0, error_body_max);
  const auto at = body.find(mark);
  if (at == std::string_view::npos)
    return std::nullopt;
  const auto until_ms = leading_number(body.substr(at + mark.size()));
  if (!until_ms)
    return std::nullopt;
  return told_until(*until_ms / 1000 + 1, now);
}

} // namespace

std::optional<seconds> parse_retry_after(std::string_view text, wall_time now) {
  if (const auto number = leading_number(text)) {
    const auto rest = text.substr(std::min(text.size(), text.find_first_not_of("0123456789")));
    // Seconds are whole by the standard; a fraction is rounded up.
    if (rest.empty())
      return told(*number);
    if (rest.front() == '.')
      return told(*number + (rest.find_first_of("123456789") != std::string_view::npos ? 1 : 0));
    return std::nullopt;
  }
  const auto date = http_date(text);
  return date ? told_until(*date, now) : std::nullopt;
}

wall_time answered_at(const http_answer& answer, wall_time now) {
  const auto header = answer.header("date");
  const auto date = header ? http_date(*header) : std::nullopt;
  return date ? wall_time{seconds{*date}} : now;
}

std::optional<seconds> told_embargo(const http_answer& answer, wall_time now) {
  const auto exchange_now = answered_at(answer, now);
  const auto header = answer.header("retry-after");
  const auto by_header = header ? parse_retry_after(*header, exchange_now) : std::nullopt;
  return std::max(by_header, banned_until(answer.body, exchange_now));
}

seconds embargo_of(const http_answer& answer, wall_time now, seconds fallback) {
  return told_embargo(answer, now).value_or(fallback);
}

} // namespace holdfast

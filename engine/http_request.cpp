#include "engine/http_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include <arpa/inet.h>

#include "runtime/counter_ledger.hpp"
#include "runtime/printable.hpp"
#include "runtime/utf8.hpp"

namespace holdfast {

namespace {

constexpr std::size_t glob_bytes_max = 256;
constexpr std::int64_t max_age_ms_max = 60'000;

using parsed = expected<request_meaning, gateway_answer>;

parsed refused(unsigned status, std::string_view title, std::string_view detail) {
  return unexpected{problem(status, title, detail)};
}

parsed unknown_market() { return refused(404, "Unknown market", "accepted: spot, futures"); }

parsed read_symbols(std::string_view rest, const gateway_request& request) {
  const auto slash = rest.find('/');
  const auto which = parse_market(rest.substr(0, slash));
  if (!which)
    return unknown_market();
  if (slash == std::string_view::npos || slash + 1 == rest.size())
    return request_meaning{.target = request_target::list, .which = *which, .takes_gzip = takes_gzip(request.accept_encoding)};
  return request_meaning{.target = request_target::one_symbol, .which = *which, .name = rest.substr(slash + 1)};
}

parsed parse_counter_key(request_target target, std::string_view key) {
  if (!is_readable_key(key))
    return refused(400, "Not a counter key", "'" + printable(key, 64) + "' names no counter");
  return request_meaning{.target = target, .name = key};
}

parsed parse_pattern(std::string_view glob, std::string_view max_age) {
  if (glob.size() > glob_bytes_max || !is_clean_utf8(glob))
    return refused(400, "Not a pattern", "accepted: a glob of at most " + std::to_string(glob_bytes_max) + " bytes");
  std::optional<std::int64_t> age;
  if (!read_number(max_age, age) || age.value_or(0) < 0 || age.value_or(0) > max_age_ms_max)
    return refused(400, "Not an age", "max_age_ms is how old the values may be: 0 to " + std::to_string(max_age_ms_max));
  return request_meaning{
    .target = request_target::counters, .name = glob.empty() ? all_metrics_glob : glob, .max_age_ms = age.value_or(0)};
}

// POST /control/incr/{key}/{amount}
parsed read_increment(std::string_view rest) {
  const auto slash = rest.rfind('/');
  std::optional<std::int64_t> amount;
  const auto text = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  const auto key = rest.substr(0, slash);
  if (!read_number(text, amount) || !amount || !is_counter_key(key))
    return refused(400, "Not an increment", "accepted: /control/incr/KEY/AMOUNT");
  return request_meaning{.target = request_target::increment, .name = key, .amount = *amount};
}

// POST /control/accept/{market}
parsed read_accept(std::string_view rest) {
  const auto which = parse_market(rest);
  return which ? parsed{request_meaning{.target = request_target::accept, .which = *which}} : unknown_market();
}

// Of ASCII; `lower` is in lower case.
bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

parsed not_allowed() {
  auto answer = problem(405, "Method not allowed", "accepted: GET, HEAD");
  answer.headers.emplace_back("Allow", "GET, HEAD");
  return unexpected{std::move(answer)};
}

} // namespace

bool is_readable_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= counter_key_bytes_max && key.find_first_of(" {}") == std::string_view::npos
         && is_clean_utf8(key);
}

parsed read_request(const gateway_request& request) {
  using enum request_target;
  constexpr std::string_view symbols = "/api/v1/symbols/";
  constexpr std::string_view counter_list = "/api/v1/counters";
  constexpr std::string_view one_counter = "/api/v1/counters/";
  constexpr std::string_view history_of = "/api/v1/history/";
  constexpr std::string_view incr = "/control/incr/";
  constexpr std::string_view accept_list = "/control/accept/";
  const auto path = request.path;
  if (request.local && request.method == "POST" && path.starts_with(incr))
    return read_increment(path.substr(incr.size()));
  if (request.local && request.method == "POST" && path.starts_with(accept_list))
    return read_accept(path.substr(accept_list.size()));
  if (request.method != "GET" && request.method != "HEAD")
    return not_allowed();
  if (path.starts_with(symbols))
    return read_symbols(path.substr(symbols.size()), request);
  if (path == counter_list)
    return parse_pattern(request.argument("match"), request.argument("max_age_ms"));
  if (path.starts_with(one_counter))
    return parse_counter_key(counter, path.substr(one_counter.size()));
  if (path.starts_with(history_of))
    return parse_counter_key(history, path.substr(history_of.size()));
  if (path == "/api/v1/status")
    return request_meaning{.target = status};
  if (path == "/api/v1/features")
    return request_meaning{.target = features};
  if (path == "/healthz")
    return request_meaning{.target = alive};
  if (path == "/readyz")
    return request_meaning{.target = ready};
  if (path == "/metrics")
    return request_meaning{.target = metrics};
  if (path == "/")
    return request_meaning{.target = dashboard};
  return refused(404, "Not found", "there is no such route");
}

bool takes_gzip(std::string_view accepted) noexcept {
  const auto at = accepted.find("gzip");
  if (at == std::string_view::npos)
    return false;
  auto parameters = accepted.substr(at + 4);
  parameters = parameters.substr(0, parameters.find(','));
  const auto quality = parameters.find("q=");
  return quality == std::string_view::npos
         || parameters.substr(quality + 2).find_first_of("123456789") != std::string_view::npos;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) noexcept {
  return if_none_match == "*" || if_none_match.find(tag) != std::string_view::npos;
}

bool is_literal_host(std::string_view host) noexcept {
  if (host.empty())
    return true;
  const bool in_brackets = host.starts_with('[');
  const auto end = std::min(host.find(in_brackets ? ']' : ':'), host.size());
  if (in_brackets && end == host.size())
    return false;
  const auto name = in_brackets ? host.substr(1, end - 1) : host.substr(0, end);
  const auto port = host.substr(in_brackets ? end + 1 : end);
  if (!port.empty() && (port.front() != ':' || port.find_first_not_of("0123456789", 1) != std::string_view::npos))
    return false;
  if (!in_brackets && equals_ignoring_case(name, "localhost"))
    return true;
  std::array<char, INET6_ADDRSTRLEN> text{}; // ends with NUL
  if (name.size() >= text.size())
    return false;
  std::copy(name.begin(), name.end(), text.begin());
  in6_addr address{};
  return ::inet_pton(in_brackets ? AF_INET6 : AF_INET, text.data(), &address) == 1;
}

bool bears_token(std::string_view authorization, std::string_view token) noexcept {
  constexpr std::string_view scheme = "bearer ";
  if (!equals_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return false;
  const auto given = authorization.substr(scheme.size());
  unsigned difference = given.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(i < token.size() ? token[i] : 0);
  return difference == 0;
}

bool read_number(std::string_view text, std::optional<std::int64_t>& into) noexcept {
  if (text.empty())
    return true;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return false;
  into = number;
  return true;
}

std::size_t decode_percent(char* text) noexcept {
  char* out = text;
  for (const char* in = text; *in != '\0'; ++in) {
    unsigned char byte = 0;
    // The terminating NUL is no hex digit: nothing behind it is looked at.
    const bool hex = *in == '%' && in[1] != '\0' && in[2] != '\0' && std::from_chars(in + 1, in + 3, byte, 16).ptr == in + 3;
    if (hex && byte != 0) {
      *out++ = static_cast<char>(byte);
      in += 2;
    } else {
      *out++ = *in;
    }
  }
  *out = '\0';
  return static_cast<std::size_t>(out - text);
}

} // namespace holdfast

// Private to the gateway: what a request asks for, read from its words alone. Knows no engine and no actor, so that every
// byte which a client may send can be tried.
//
// Threads  any; nothing is kept, and what is answered points into the request's own words.
// Errors   a request that asks for nothing that there is becomes the problem that it is answered with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "engine/http_answer.hpp"
#include "runtime/expected.hpp"
#include "runtime/market.hpp"

namespace holdfast {

struct gateway_request {
  std::string_view method;
  std::string_view path;            // decoded
  std::string_view accept_encoding; // empty: none
  std::string_view if_none_match;
  bool local = false;               // came through the unix socket
  // A value of the query, decoded; empty where there is none.
  std::function<std::string_view(const char* name)> argument;
};

enum class request_target : std::uint8_t {
  alive, ready, list, one_symbol, counters, counter, status, history, features, dashboard, metrics, increment, accept
};

// What is read where no pattern is given.
inline constexpr std::string_view all_metrics_glob = "metrics:*";

struct request_meaning {
  request_target target = request_target::alive;
  market which = market::spot;
  std::string_view name;    // of a symbol or a counter, or a glob
  std::int64_t amount = 0;  // of an increment
  bool takes_gzip = false;
  std::int64_t max_age_ms = 0; // of a reading of the counters that is taken
};

// Whether a counter of this name can be asked for: other programs count under names that we would not give.
bool is_readable_key(std::string_view key) noexcept;

expected<request_meaning, gateway_answer> read_request(const gateway_request& request);

// Whether a client takes gzip: named, and not with a quality of zero (RFC 9110, 12.5.3).
bool takes_gzip(std::string_view accepted) noexcept;
// Whether If-None-Match names this tag, its quotes included.
bool names_tag(std::string_view if_none_match, std::string_view tag) noexcept;
// Whether a Host header is a literal address or localhost, with or without a port, or missing. Any other name may be that of a page in
// a browser of this machine, which let it point here.
bool is_literal_host(std::string_view host) noexcept;
// Whether an Authorization header holds this token, its scheme in any case; as slow for a wrong one as for one that is nearly right.
bool bears_token(std::string_view authorization, std::string_view token) noexcept;

// Nothing: not given. False: given, but no whole number.
bool read_number(std::string_view text, std::optional<std::int64_t>& into) noexcept;

// Decodes %XX in place and answers the new length. What would end the text (%00) or is no hex stays as it was written.
std::size_t decode_percent(char* text) noexcept;

} // namespace holdfast

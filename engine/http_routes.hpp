// Private to the gateway: which answer a path gets.
#pragma once

#include <string>
#include <string_view>

#include "engine/engine.hpp"
#include "engine/http_answer.hpp"

namespace holdfast {

struct gateway_request {
  std::string_view method;
  std::string_view path;            // decoded
  std::string_view accept_encoding; // empty: none
  std::string_view if_none_match;
  std::string_view match;           // the query's `match`
  bool local = false;               // came through the unix socket
};

gateway_answer route(engine& host, list_body_cache& bodies, const gateway_request& request);

} // namespace holdfast

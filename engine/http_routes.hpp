// Private to the gateway: which answer a path gets.
#pragma once

#include <functional>
#include <memory>
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
  bool local = false;               // came through the unix socket
  // A value of the query, decoded; empty where there is none.
  std::function<std::string_view(const char* name)> argument;
};

// Called once per request, at once or later from another thread.
using respond_function = std::function<void(gateway_answer)>;

// Blocks on nothing: what actors have to be asked for is answered later. The request's words are not used after return.
void route(engine& host, const std::shared_ptr<list_body_cache>& bodies, const gateway_request& request,
           respond_function respond);

} // namespace holdfast

// Private to the gateway: which answer a path gets.
#pragma once

#include <functional>
#include <memory>

#include "engine/engine.hpp"
#include "engine/http_request.hpp"
#include "engine/shared_counters.hpp"

namespace holdfast {

// Called once per request, at once or later from another thread.
using respond_function = std::function<void(gateway_answer)>;

// What a gateway keeps between requests.
struct gateway_memory {
  std::shared_ptr<list_body_cache> bodies = std::make_shared<list_body_cache>();
  std::shared_ptr<shared_counters> counters = std::make_shared<shared_counters>();
};

// Blocks on nothing: what actors have to be asked for is answered later. The request's words are not used after return.
void route(engine& host, const gateway_memory& memory, const gateway_request& request, respond_function respond);

} // namespace holdfast

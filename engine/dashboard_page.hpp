// Private to the gateway: the dashboard, one page that holds no data. Its sources are in engine/dashboard/ and are put into
// the library when it is built.
//
// Security  nothing from outside, no inline code but its own: every answer has a nonce of its own, which the
//           Content-Security-Policy names.
#pragma once

#include "engine/http_answer.hpp"

namespace holdfast {

gateway_answer dashboard_answer();

} // namespace holdfast

#include "runtime/redis_remedy.hpp"

#include <algorithm>
#include <array>

namespace holdfast {

namespace {

struct rule {
  std::string_view prefix;
  redis_remedy remedy;
};

constexpr std::array rules{
  rule{"NOSCRIPT", redis_remedy::send_text},
  rule{"OOM", redis_remedy::pause_writes},
  rule{"MISCONF", redis_remedy::pause_writes},
  rule{"READONLY", redis_remedy::fail_over},
  rule{"NOREPLICAS", redis_remedy::fail_over},
  rule{"LOADING", redis_remedy::reconnect},
  rule{"MASTERDOWN", redis_remedy::reconnect},
  rule{"CLUSTERDOWN", redis_remedy::reconnect},
  rule{"TRYAGAIN", redis_remedy::reconnect},
  rule{"BUSY ", redis_remedy::reconnect},
  rule{"UNKILLABLE", redis_remedy::reconnect},
  rule{"ERR max number of clients", redis_remedy::reconnect},
  rule{"NOAUTH", redis_remedy::give_up},
  rule{"WRONGPASS", redis_remedy::give_up},
  rule{"ERR invalid password", redis_remedy::give_up},
  rule{"ERR AUTH", redis_remedy::give_up},
  rule{"ERR Client sent AUTH", redis_remedy::give_up},
};

} // namespace

redis_remedy remedy_of(std::string_view error_reply) noexcept {
  const auto* const found
    = std::find_if(rules.begin(), rules.end(), [&](const rule& one) { return error_reply.starts_with(one.prefix); });
  return found == rules.end() ? redis_remedy::refuse : found->remedy;
}

bool is_about_keys(std::string_view error_reply) noexcept {
  return error_reply.starts_with("NOPERM") && error_reply.find(" keys ") != std::string_view::npos;
}

} // namespace holdfast

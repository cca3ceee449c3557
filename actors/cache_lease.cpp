// The lease under which a table is fetched, and the orders that its token gives to tables.
#include <algorithm>
#include <utility>

#include <caf/send.hpp>

#include "actors/cache_parts.hpp"
#include "runtime/machine.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

std::string lease_name(self_pointer self, market which) {
  return "fetch:" + std::string{to_string(which)} + ':' + digest_of(self->state.settings.fingerprint);
}

} // namespace

lease_wanted lease_question(self_pointer self, market which, std::uint64_t above) {
  const auto& settings = self->state.settings;
  return {lease_name(self, which), settings.holder, settings.lease_ttl, now_of(self) + lease_patience, above};
}

bool holds_lease(self_pointer self, market which) {
  const auto& attempt = attempt_of(self, which);
  return attempt.token != 0 && now_of(self) < attempt.lease_until;
}

void give_back_lease(self_pointer self, market which) {
  auto& attempt = attempt_of(self, which);
  if (std::exchange(attempt.token, 0) == 0)
    return;
  const auto deadline = now_of(self) + lease_patience;
  self->request(self->state.store, lease_patience,
                lease_returned{lease_name(self, which), self->state.settings.holder, deadline})
    .then([](done) {}, [](const caf::error&) {});
}

table_order next_order(self_pointer self, market which) {
  auto& one = of(self, which);
  const auto token = one.attempt.token;
  one.given = {token, one.given.token == token ? one.given.sequence + 1 : 0};
  return one.given;
}

// Tokens are microseconds of the store's clock, or ahead of it by a constant.
table_order order_by_age(self_pointer self, market which) {
  const auto& one = of(self, which);
  const auto age = std::chrono::ceil<std::chrono::microseconds>(std::max<nanoseconds>(now_of(self) - one.table_began, 0ns));
  const auto token = one.attempt.token;
  return {token - std::min(static_cast<std::uint64_t>(age.count()), token - 1), 0};
}

table_stamp stamp_of_board(self_pointer self, market which) {
  auto stamp = board_of(self, which)->stamp();
  if (!stamp.order.known() && board_of(self, which)->table && holds_lease(self, which))
    stamp.order = order_by_age(self, which);
  return stamp;
}

void renew_lease(self_pointer self, market which, std::uint64_t attempt) {
  if (attempt_of(self, which).number != attempt || attempt_of(self, which).stage != attempt_stage::fetching)
    return;
  const auto before = now_of(self);
  const auto ttl = self->state.settings.lease_ttl;
  self->request(self->state.store, lease_patience, lease_question(self, which))
    .then(
      [self, which, before, ttl, attempt](const lease_reply& reply) {
        auto& held = attempt_of(self, which);
        // Another token: it was lost meanwhile, and what we are fetching is not covered by the new one.
        if (held.number == attempt && reply.granted && reply.token == held.token)
          held.lease_until = before + ttl;
      },
      [](const caf::error&) {});
  self->delayed_send(self, ttl / 3, wake_for(timer::lease_renewal, which, attempt));
}

} // namespace holdfast::cache_parts

#include <algorithm>

#include <caf/send.hpp>

#include "actors/cache_parts.hpp"

namespace holdfast::cache_parts {

namespace {

constexpr std::int64_t year_9999_ms = 253'402'300'800'000; // its end; the exchange's numbers are any

} // namespace

published_ptr publish(self_pointer self, market which, const symbols_answer& answer, boot_time fresh_until) {
  auto& board = *self->state.board;
  const auto before = board.current(which);
  const bool same = before->table && before->table->content_hash() == answer.table->content_hash();
  board.publish(which, {same ? before->table : answer.table, answer.source, answer.fetched_at, answer.fetched_boot,
                        fresh_until, answer.order, before->version + (same ? 0 : 1), answer.judged_since});
  plan_early_refresh(self, which);
  const auto now = board.current(which);
  if (!same && !self->state.subscribers.empty()) {
    const auto diff = std::make_shared<const symbol_diff>(symbol_diff::between(before->table, now->table));
    for (const auto& subscriber : self->state.subscribers)
      self->send(subscriber, symbols_changed{which, now->version, diff});
  }
  return now;
}

void subscribe(self_pointer self, const symbols_listener& listener) {
  self->state.subscribers.push_back(listener);
  self->monitor(listener);
}

std::optional<wall_time> next_change(const symbol_table& table, wall_time now) {
  std::optional<wall_time> next;
  const auto consider = [&](std::int64_t milliseconds) {
    if (milliseconds <= 0 || milliseconds > year_9999_ms)
      return;
    const wall_time at{std::chrono::milliseconds{milliseconds}};
    // Perpetual contracts are delivered in the year 2100.
    if (at > now && at < now + std::chrono::hours{24 * 366} && (!next || at < *next))
      next = at;
  };
  for (const auto& one : table.symbols()) {
    consider(one.onboard_ms);
    consider(one.delivery_ms);
  }
  return next;
}

} // namespace holdfast::cache_parts

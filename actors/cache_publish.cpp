#include <caf/send.hpp>

#include "actors/cache_parts.hpp"

namespace holdfast::cache_parts {

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

} // namespace holdfast::cache_parts

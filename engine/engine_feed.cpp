// What an engine tells of changed tables, and what it is told of refused orders.
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "engine/ask.hpp"
#include "engine/parts.hpp"
#include "runtime/log.hpp"

namespace holdfast {

symbols_reply engine::symbols_sync(market which, duration timeout, duration max_stale) noexcept {
  if (auto fresh = parts_->fresh_reply(which))
    return std::move(*fresh);
  symbols_reply none;
  none.error = fault::stopping;
  // In a forked child nobody is there to answer.
  if (parts_->ledger->forked())
    return none;
  const get_symbols question{which, parts_->clock->boot_now() + timeout * 8 / 10, max_stale};
  auto reply = ask<symbols_reply>({parts_->system, parts_->means.drive}, parts_->cache, timeout, question, &none.error);
  return reply ? std::move(*reply) : none;
}

void engine::report_rejected(market which, std::string_view symbol) noexcept {
  try {
    if (parts_->ledger->forked())
      return;
    caf::anon_send(parts_->cache, rejection_reported{which, std::string{symbol}});
  } catch (...) {
    logger()->debug("a rejection was not reported");
  }
}

void engine::on_symbols_changed(std::function<void(const symbols_changed&)> callback) noexcept {
  try {
    auto feed = parts_->system.spawn([callback = std::move(callback)](symbols_listener::pointer) -> symbols_listener::behavior_type {
      return {[callback](const symbols_changed& news) {
        try {
          callback(news);
        } catch (...) {
          logger()->warn("a callback for changed symbols threw market={}", to_string(news.which));
        }
      }};
    });
    caf::anon_send(parts_->cache, symbols_listen{feed});
    const std::lock_guard guard{parts_->feeds_mutex};
    parts_->feeds.push_back(std::move(feed));
  } catch (...) {
    logger()->warn("changed symbols cannot be told");
  }
}

} // namespace holdfast

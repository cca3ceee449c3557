// What an engine tells of changed tables, and what it is told of refused orders.
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "engine/ask_parts.hpp"
#include "runtime/log.hpp"

namespace holdfast {

symbols_reply engine::symbols_sync(market which, duration timeout, duration max_stale) noexcept {
  if (auto fresh = parts_->fresh_reply(which))
    return std::move(*fresh);
  symbols_reply none;
  const get_symbols question{which, parts_->clock->boot_now() + timeout * 8 / 10, max_stale};
  auto reply = ask_if_alive<symbols_reply>(*parts_, parts_->cache, timeout, question, &none.error);
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
    if (parts_->ledger->forked())
      return;
    auto feed = parts_->system.spawn([callback = std::move(callback)](symbols_listener::pointer) -> symbols_listener::behavior_type {
      return {[callback](const symbols_changed& news) { call_safely(callback, news); }};
    });
    caf::anon_send(parts_->cache, symbols_listen{feed});
    const std::lock_guard guard{parts_->feeds_mutex};
    parts_->feeds.push_back(std::move(feed));
  } catch (...) {
    logger()->warn("changed symbols cannot be told");
  }
}

} // namespace holdfast

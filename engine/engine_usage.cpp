#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "config/keys.hpp"
#include "config/metric_keys.hpp"
#include "engine/ask_parts.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace {

// The overflow where that is no key, told once by the ledger.
counter handle_of(engine_parts& all, std::string_view type, std::string_view context) {
  if (all.ledger->forked())
    return {};
  const auto key = build_metric_key(type, context);
  return key ? all.ledger->handle(*key) : all.ledger->refused(context, key.error());
}

} // namespace

task task_of(engine_parts& all, std::string_view name, std::chrono::nanoseconds every) noexcept {
  if (all.ledger->forked())
    return {};
  auto& board = *all.watched->tasks;
  auto known = board.find(name);
  if (const auto why = fault_of_segment(name); !known && why) {
    all.ledger->refused(name, *why);
    known = board.rest();
  }
  if (!known)
    known = board.find_or_add(name, [&](std::string_view one) {
      return task_counters{handle_of(all, one, keys::task_success), handle_of(all, one, keys::task_error)};
    });
  known->expect_every(every);
  return *known;
}

task_run engine::task(std::string_view name) noexcept { return task_of(*parts_, name, duration{0}).begin(); }

task engine::task_handle(std::string_view name, duration every) noexcept { return task_of(*parts_, name, every); }

namespace {

// Callers may make a wrong limit for every request they serve.
void say_wrong_limit(engine_parts& all, const std::string& why) {
  if (all.ledger->forked())
    return;
  const auto now = all.clock->boot_now().time_since_epoch().count();
  auto again = all.wrong_limit_again.load(std::memory_order_relaxed);
  if (now < again || !all.wrong_limit_again.compare_exchange_strong(again, now + engine::duration{std::chrono::minutes{1}}.count())) {
    all.wrong_limits_unsaid.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  logger()->warn("a rate limit is not used reason={} others={}", log_value(why), all.wrong_limits_unsaid.exchange(0));
}

} // namespace

holdfast::limiter engine::limiter(std::string_view key, std::int64_t limit, duration window,
                                  const limiter_options& options) noexcept {
  try {
    const auto what = check_rate_limit(key, limit, window, options);
    if (what)
      return {parts_->rate_limits->find(*what), parts_->limiters};
    say_wrong_limit(*parts_, what.error().text);
    return holdfast::limiter{what.error()};
  } catch (...) { // no memory
    return {};
  }
}

feature engine::feature(std::string_view name) noexcept {
  try {
    if (auto known = parts_->features->find(name))
      return holdfast::feature{std::move(known)};
    if (parts_->ledger->forked())
      return {};
    if (!build_metric_key(keys::feature_usage, name))
      return holdfast::feature{handle_of(*parts_, keys::feature_usage, name)};
    auto account = parts_->features->find_or_make(name, [&](std::string_view) {
      return std::make_shared<feature_account>(name, handle_of(*parts_, keys::feature_usage, name));
    });
    return account ? holdfast::feature{std::move(account)} : holdfast::feature{handle_of(*parts_, keys::feature_usage, name)};
  } catch (...) {
    return {};
  }
}

features_found engine::features(std::uint32_t days, duration timeout) noexcept {
  features_found none;
  const features_wanted wanted{days, parts_->clock->boot_now() + timeout * 9 / 10};
  auto found = ask_if_alive<features_found>(*parts_, parts_->feature_keeper, timeout, wanted, &none.error);
  return found ? std::move(*found) : none;
}

void engine::features_async(std::uint32_t days, std::function<void(features_found)> callback, duration timeout) noexcept {
  ask_later_if_alive<features_found>(*parts_, parts_->feature_keeper, timeout,
                                     features_wanted{days, parts_->clock->boot_now() + timeout * 9 / 10},
                                     [callback = std::move(callback)](std::optional<features_found> found, fault why) {
                                       features_found none;
                                       none.error = why;
                                       callback(found ? std::move(*found) : std::move(none));
                                     });
}

} // namespace holdfast

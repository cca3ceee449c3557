// What an operator believes although the gate does not.
#include <algorithm>
#include <future>
#include <utility>

#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "engine/ask_parts.hpp"
#include "engine/engine.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace {

bool holds_a_symbol(const symbol_table& table) {
  const auto rows = table.symbols();
  return std::any_of(rows.begin(), rows.end(), [](const auto& one) { return one.status != symbol_status::gone; });
}

} // namespace

acceptance engine::accept_refused(market which, duration timeout) noexcept {
  auto told = std::make_shared<std::promise<acceptance>>();
  auto answer = told->get_future();
  accept_refused_async(which, [told](acceptance one) { told->set_value(std::move(one)); }, timeout);
  return parts_->answered(answer, timeout) ? answer.get() : acceptance{false, 0, "no answer in time"};
}

void engine::accept_refused_async(market which, std::function<void(acceptance)> callback, duration timeout) noexcept {
  const auto refuse = [&callback](std::string why) { call_safely(callback, acceptance{false, 0, std::move(why)}); };
  if (parts_->ledger->forked())
    return refuse("nobody is there to take it: this is a forked child");
  const auto memory = parts_->memories[index(which)];
  auto refused = memory->facts().refused;
  // Another process may have fetched a good one since.
  const auto believed = parts_->board->current(which)->fetched_boot;
  if (!refused || (believed && *believed > refused->fetched_boot))
    return refuse("no table of " + std::string{to_string(which)} + " was refused since the last good one");
  const auto why = std::string{to_string(refused->verdict.reason)} + ": " + refused->verdict.detail;
  if (!holds_a_symbol(*refused->table))
    return refuse("the refused list of " + std::string{to_string(which)} + " is empty, there is nothing to believe");
  const auto symbols = std::uint64_t{refused->table->listed().size()};
  const auto pinned = parts_->settings.pinned(which);
  accept_symbols wanted{which, {refused->table, refused->source, refused->fetched_at, refused->fetched_boot, {}}};
  ask_later<refresh_outcome>(parts_->system, parts_->cache, timeout, std::move(wanted),
                             [=, callback = std::move(callback)](const std::optional<refresh_outcome>& outcome, fault failure) {
                               if (!outcome)
                                 return callback({false, 0, "the cache did not take it: " + to_string(failure)});
                               memory->accepted(*refused, pinned);
                               logger()->warn("an operator accepts a refused table market={} symbols={} refused={}",
                                              to_string(which), symbols, log_value(why));
                               callback({true, symbols, why});
                             });
}

} // namespace holdfast

#include "actors/last_good.hpp"

#include <charconv>
#include <utility>

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "config/keys.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_codec.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = last_good_actor::stateful_pointer<last_good_state>;
using answer_promise = caf::typed_response_promise<symbols_answer>;

constexpr auto store_patience = 500ms;
constexpr auto write_patience = 10s;
constexpr auto look_after_min = 1s;
constexpr auto look_after_max = 3s;
constexpr std::int64_t year_9999 = 253'402'300'800; // its end, in Unix seconds

symbols_answer& of(self_pointer self, market which) { return self->state.newest[index(which)]; }

boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

// On the boot clock; none where the wall clock makes it impossible.
std::optional<boot_time> boot_of(self_pointer self, std::optional<wall_time> fetched_at) {
  const auto wall = self->state.clock->wall_now();
  if (!fetched_at || *fetched_at > wall)
    return std::nullopt;
  return now_of(self) - (wall - *fetched_at);
}

std::string encoded(self_pointer self, const symbols_answer& answer) {
  return encode_symbols(
    {answer.table, answer.source, answer.fetched_at, answer.order, self->state.settings.fingerprint, answer.judged_since});
}

// One that is too large to be read again does not replace the one before.
void write_local(self_pointer self, market which) {
  auto text = encoded(self, of(self, which));
  if (text.empty())
    return;
  self->request(self->state.settings.local, write_patience,
                store_write{keys::local_last_good(which, self->state.settings.fingerprint), std::move(text), std::nullopt,
                            now_of(self) + write_patience})
    .then([](done) {},
          [self, which](const caf::error& why) {
            logger()->debug("last good is not kept for the next process market={} reason={}", to_string(which),
                            log_value(self->system().render(why)));
          });
}

void keep(self_pointer self, market which, const symbols_answer& answer) {
  auto& newest = of(self, which);
  if (!answer.table || (newest.table && !is_newer(answer.stamp(), newest.stamp())))
    return;
  newest = answer;
  write_local(self, which);
}

// Of another process: one without a past believes any list, and ours is not given up for it.
void keep_shared(self_pointer self, market which, const symbols_answer& answer) {
  const auto& newest = of(self, which);
  if (!answer.table)
    return;
  const auto told = judge_followed(which, {answer.table.get(), answer.judged_since, answer.fetched_at},
                                   {newest.table.get(), newest.judged_since, newest.fetched_at}, self->state.settings.gates[index(which)]);
  if (!told.verdict.believed())
    return;
  auto believed = answer;
  believed.judged_since = told.judged_since;
  keep(self, which, believed);
}

template <class Found, class Failed>
void read_shared(self_pointer self, std::string_view key, Found found, Failed failed) {
  self->request(self->state.settings.shared, store_patience, store_read{std::string{key}, now_of(self) + store_patience})
    .then(std::move(found), std::move(failed));
}

// Nothing: no value, a damaged one, or another configuration's (then `foreign`).
struct shared_table {
  symbols_answer answer;
  bool foreign = false;
};

shared_table read_full(self_pointer self, market which, const store_value& found) {
  if (!found.value)
    return {};
  const auto& settings = self->state.settings;
  auto decoded = decode_symbols(*found.value, settings.rules[index(which)]);
  if (!decoded)
    return {};
  if (decoded->fingerprint != settings.fingerprint)
    return {{}, true};
  return {{std::move(decoded->table), symbols_source::last_good, decoded->fetched_at, boot_of(self, decoded->fetched_at),
           decoded->order, decoded->judged_since}, false};
}

void deliver(self_pointer self, market which, answer_promise& promise) {
  auto known = of(self, which);
  known.source = symbols_source::last_good;
  if (known.table)
    promise.deliver(std::move(known));
  else
    promise.deliver(make_error(fault::no_data));
}

// A bare array is as old as the last refresh that was told beside it.
void date_bare_array(self_pointer self, market which, symbol_table_ptr table, answer_promise promise) {
  auto take = [self, which, table, promise](const store_value& found) mutable {
    const auto text = found.value.value_or("");
    std::int64_t seconds = 0;
    std::optional<wall_time> fetched_at;
    if (const auto end = text.data() + text.size(); std::from_chars(text.data(), end, seconds).ptr == end && seconds > 0
        && seconds < year_9999)
      fetched_at = wall_time{std::chrono::seconds{seconds}};
    const auto fetched = boot_of(self, fetched_at);
    if (!of(self, which).table)
      of(self, which) = {table, symbols_source::last_good, fetched ? fetched_at : std::nullopt, fetched, {}};
    deliver(self, which, promise);
  };
  read_shared(self, keys::last_refresh(which), take, [take](const caf::error&) mutable { take({}); });
}

void ask_bare_array(self_pointer self, market which, answer_promise promise) {
  read_shared(
    self, keys::symbols_last_good(which),
    [self, which, promise](const store_value& found) mutable {
      const auto& settings = self->state.settings;
      auto table = read_symbol_list(found.value.value_or(""), settings.rules[index(which)]);
      if (table && judge_array(**table, nullptr, settings.gates[index(which)]).believed())
        return date_bare_array(self, which, *table, std::move(promise));
      deliver(self, which, promise);
    },
    [self, which, promise](const caf::error&) mutable { deliver(self, which, promise); });
}

// Nothing local: what another process has left in the shared store is better than nothing.
void ask_shared_store(self_pointer self, market which, answer_promise promise) {
  read_shared(
    self, keys::symbols_full(which),
    [self, which, promise](const store_value& found) mutable {
      const auto shared = read_full(self, which, found);
      keep_shared(self, which, shared.answer);
      if (of(self, which).table || shared.foreign)
        return deliver(self, which, promise);
      ask_bare_array(self, which, std::move(promise));
    },
    [self, which, promise](const caf::error&) mutable { deliver(self, which, promise); });
}

answer_promise answer(self_pointer self, market which) {
  auto promise = self->make_response_promise<symbols_answer>();
  if (of(self, which).table)
    deliver(self, which, promise);
  else
    ask_shared_store(self, which, promise);
  return promise;
}

void write_shared(self_pointer self, market which) {
  const auto& newest = of(self, which);
  store_symbols symbols;
  symbols.which = which;
  symbols.order = newest.order;
  symbols.full_value = encoded(self, newest);
  if (symbols.full_value.empty())
    return;
  symbols.list_value = newest.table->list_json();
  symbols.refreshed_at_seconds
    = std::chrono::floor<std::chrono::seconds>(*newest.fetched_at).time_since_epoch().count();
  symbols.deadline = now_of(self) + write_patience;
  self->request(self->state.settings.shared, write_patience, std::move(symbols))
    .then([](done) {},
          [self, which](const caf::error& why) {
            logger()->debug("last good not written to the store market={} reason={}", to_string(which),
                            log_value(self->system().render(why)));
          });
}

// The store may have lost what we know, or know what we never saw.
void look_at_shared_store(self_pointer self) {
  self->state.look_sent = false;
  for (const auto which : all_markets)
    read_shared(
      self, keys::symbols_full(which),
      [self, which](const store_value& found) {
        const auto shared = read_full(self, which, found);
        keep_shared(self, which, shared.answer);
        const auto& newest = of(self, which);
        if (newest.table && newest.fetched_at && !shared.foreign
            && (!shared.answer.table || is_newer(newest.stamp(), shared.answer.stamp())))
          write_shared(self, which);
      },
      [](const caf::error&) {});
}

void store_changed(self_pointer self, const store_event& event) {
  auto& state = self->state;
  if (event.change == store_change::link_down || state.settings.shared == state.settings.local
      || std::exchange(state.look_sent, true))
    return;
  std::uniform_int_distribution<std::int64_t> within{std::chrono::nanoseconds{look_after_min}.count(),
                                                     std::chrono::nanoseconds{look_after_max}.count()};
  self->delayed_send(self, std::chrono::nanoseconds{within(state.random)}, wake{});
}

last_good_status status_of(const last_good_state& state) {
  last_good_status status;
  for (const auto which : all_markets) {
    const auto& newest = state.newest[index(which)];
    status.markets[index(which)] = {newest.table != nullptr, newest.table ? newest.table->listed().size() : 0,
                                    newest.fetched_at};
  }
  return status;
}

} // namespace

last_good_actor::behavior_type last_good(self_pointer self, last_good_settings settings, clock_ptr clock,
                                         std::array<symbols_answer, market_count> known) {
  self->state.settings = std::move(settings);
  self->state.clock = std::move(clock);
  self->state.newest = std::move(known);
  self->state.random.seed(self->state.settings.seed);
  return {
    [self](const last_good_wanted& wanted) { return answer(self, wanted.which); },
    [self](const table_accepted& accepted) { keep(self, accepted.which, accepted.answer); },
    [self](const store_event& event) { store_changed(self, event); },
    [](const symbols_announced&) {},
    [self](const get_last_good_status&) { return status_of(self->state); },
    [self](const wake&) { look_at_shared_store(self); },
  };
}

} // namespace holdfast

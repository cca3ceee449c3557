#include "actors/last_good.hpp"

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

symbols_answer& of(self_pointer self, market which) { return self->state.newest[index(which)]; }

void keep(self_pointer self, market which, const symbols_answer& answer) {
  of(self, which) = answer;
  const auto& state = self->state;
  encoded_symbols full{answer.table, answer.source, answer.fetched_at, answer.order, state.settings.fingerprint};
  self->request(state.settings.local, 10s,
                store_write{keys::local_last_good(which), encode_symbols(full), std::nullopt, state.clock->boot_now() + 10s})
    .then([](done) {},
          [self, which](const caf::error& why) {
            logger()->warn("last good is not kept for the next process market={} reason={}", to_string(which),
                           self->system().render(why));
          });
}

// Nothing local: what another process has left in the shared store is better than nothing.
void ask_shared_store(self_pointer self, market which, answer_promise promise) {
  const auto deadline = self->state.clock->boot_now() + store_patience;
  self->request(self->state.settings.shared, store_patience, store_read{std::string{keys::symbols_last_good(which)}, deadline})
    .then(
      [self, which, promise](store_value& found) mutable {
        auto table = read_symbol_list(found.value.value_or(""), self->state.settings.rules[index(which)]);
        if (table && !of(self, which).table)
          of(self, which) = {*table, symbols_source::last_good, {}, {}, {}};
        if (of(self, which).table)
          promise.deliver(of(self, which));
        else
          promise.deliver(make_error(fault::no_data));
      },
      [promise](const caf::error&) mutable { promise.deliver(make_error(fault::no_data)); });
}

answer_promise answer(self_pointer self, market which) {
  auto promise = self->make_response_promise<symbols_answer>();
  if (of(self, which).table) {
    auto known = of(self, which);
    known.source = symbols_source::last_good;
    promise.deliver(std::move(known));
  } else {
    ask_shared_store(self, which, promise);
  }
  return promise;
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
  return {
    [self](const last_good_wanted& wanted) { return answer(self, wanted.which); },
    [self](const table_accepted& accepted) { keep(self, accepted.which, accepted.answer); },
    [](const store_event&) {},
    [](const symbols_announced&) {},
    [self](const get_last_good_status&) { return status_of(self->state); },
  };
}

} // namespace holdfast

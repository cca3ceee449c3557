#include "actors/fetcher.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <caf/typed_event_based_actor.hpp>

#include "actors/alarm.hpp"
#include "actors/fetch_attempt.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using self_pointer = fetcher_actor::stateful_pointer<fetcher_state>;

constexpr auto attempt_min = 250ms;
// For the embargo in the store; the fetch's own deadline goes on.
constexpr auto store_patience = 300ms;
constexpr auto share_again = 5s;

// Once per fetch, however many URLs answered with it.
void count_unknown(const fetcher_state& state, const std::vector<schema_unknown>& unknown) {
  constexpr std::array<std::string_view, 4> kinds{"status", "contract_type", "filter", "field"};
  if (state.settings.count)
    for (const auto& one : unknown)
      state.settings.count("schema_unknown", std::string{kinds[static_cast<std::size_t>(one.what)]} + '.' + one.name);
}

// What is told of a fetch that several URLs failed: a refused table says more than a URL that did not answer.
void keep_more_telling(fetch_outcome& kept, fetch_outcome next) {
  if (kept.failure != fault::table_refused || next.failure != fault::fetch_failed)
    kept = std::move(next);
}

fetch_outcome fetch(fetcher_state& state, const fetch_symbols& wanted) {
  const auto attempts = plan_attempts(state);
  fetch_outcome told;
  told.failure = fault::fetch_failed;
  told.detail = attempts.empty() ? "no URL of the exchange is configured" : "no time was left to ask";
  std::vector<schema_unknown> unknown;
  for (std::size_t i = 0; i < attempts.size();) {
    if (auto forbidden = forbidden_now(state)) {
      told = std::move(*forbidden);
      break;
    }
    const auto left = std::chrono::floor<milliseconds>(wanted.deadline - state.means.clock->boot_now());
    if (left <= 0ms || (i > 0 && left < attempt_min))
      break;
    // A URL that hangs leaves time for the next ones.
    const auto share = i + 1 < attempts.size() ? std::clamp<milliseconds>(left / 2, std::min<milliseconds>(attempt_min, left), left) : left;
    auto result = try_url(state, attempts[i], wanted.baseline, share);
    if (!result.unknown.empty())
      unknown = std::move(result.unknown);
    keep_more_telling(told, std::move(result.outcome));
    if (result.retry_smaller) {
      state.means.memory->whole_was_too_large();
      continue;
    }
    if (!result.next)
      break;
    ++i;
  }
  count_unknown(state, unknown);
  return told;
}

// Tells the processes of this machine that have other state folders; tries again while it cannot.
void share_embargo(self_pointer self) {
  auto& state = self->state;
  const auto until = state.means.budget->closed_until();
  const auto text = state.means.budget->text();
  if (!state.means.store || state.settings.embargo_key.empty() || !until || text == state.shared_embargo)
    return;
  const auto now = state.means.clock->boot_now();
  store_write what{state.settings.embargo_key, text, std::chrono::ceil<milliseconds>(*until - now), now + 2s};
  self->request(state.means.store, 3s, std::move(what))
    .then([self, text](done) { self->state.shared_embargo = text; },
          [self](const caf::error&) { set_alarm<fetcher_actor>(self, self->state.alarm, share_again, wake{}); });
}

fetch_outcome fetch_and_share(self_pointer self, const fetch_symbols& wanted) {
  auto outcome = fetch(self->state, wanted);
  share_embargo(self);
  return outcome;
}

caf::result<fetch_outcome> answer(self_pointer self, const fetch_symbols& wanted) {
  auto& state = self->state;
  state.means.budget->look();
  if (auto forbidden = forbidden_now(state)) {
    share_embargo(self);
    return std::move(*forbidden);
  }
  if (!state.means.store || state.settings.embargo_key.empty())
    return fetch(state, wanted);
  auto promise = self->make_response_promise<fetch_outcome>();
  const store_read question{state.settings.embargo_key, state.means.clock->boot_now() + store_patience};
  self->request(state.means.store, store_patience, question)
    .then(
      [self, wanted, promise](const store_value& found) mutable {
        if (found.value) {
          self->state.means.budget->learn(*found.value);
          self->state.shared_embargo = *found.value;
        }
        promise.deliver(fetch_and_share(self, wanted));
      },
      [self, wanted, promise](const caf::error&) mutable { promise.deliver(fetch_and_share(self, wanted)); });
  return promise;
}

} // namespace

fetcher_actor::behavior_type fetcher(self_pointer self, fetcher_settings settings, fetcher_means means) {
  self->state.settings = std::move(settings);
  self->state.means = std::move(means);
  return {[self](const fetch_symbols& wanted) { return answer(self, wanted); },
          [self](const wake&) { share_embargo(self); }};
}

} // namespace holdfast

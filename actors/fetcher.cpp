#include "actors/fetcher.hpp"

#include <algorithm>
#include <array>
#include <charconv>
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
// Of the store's embargo, while nobody may ask.
constexpr auto look_interval = 5s;

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

bool shares(const fetcher_state& state) { return state.means.store && !state.settings.embargo_key.empty(); }

// When a line of an embargo says that it ends, in Unix seconds; 0 where it is none.
std::int64_t end_told(std::string_view line) {
  std::int64_t end = 0;
  std::from_chars(line.data(), line.data() + line.size(), end);
  return end;
}

// What the store has is taken, and ours written where it is missing or ends sooner.
void take_and_tell(self_pointer self, const store_value& found) {
  auto& state = self->state;
  const auto there = found.value.value_or(std::string{});
  state.means.budget->learn(there);
  const auto text = state.means.budget->text();
  const auto until = state.means.budget->closed_until();
  if (!until || end_told(there) >= end_told(text))
    return;
  const auto now = state.means.clock->boot_now();
  store_write what{state.settings.embargo_key, text, std::chrono::ceil<milliseconds>(*until - now), now + 2s};
  // Whatever becomes of it, the next look finds out.
  self->request(state.means.store, 3s, std::move(what)).then([](done) {}, [](const caf::error&) {});
}

// Tells the processes of this machine that have other state folders, and looks again for as long as nobody may ask: the
// store may be away, or be emptied meanwhile.
void share_embargo(self_pointer self) {
  auto& state = self->state;
  if (!shares(state) || !state.means.budget->closed_until())
    return;
  if (!std::exchange(state.look_armed, true))
    set_alarm<fetcher_actor>(self, state.alarm, look_interval, wake{});
  const store_read question{state.settings.embargo_key, state.means.clock->boot_now() + store_patience};
  self->request(state.means.store, store_patience, question)
    .then([self](const store_value& found) { take_and_tell(self, found); }, [](const caf::error&) {});
}

void look_again(self_pointer self) {
  self->state.look_armed = false;
  share_embargo(self);
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
  if (!shares(state))
    return fetch(state, wanted);
  auto promise = self->make_response_promise<fetch_outcome>();
  const store_read question{state.settings.embargo_key, state.means.clock->boot_now() + store_patience};
  self->request(state.means.store, store_patience, question)
    .then(
      [self, wanted, promise](const store_value& found) mutable {
        if (found.value)
          self->state.means.budget->learn(*found.value);
        promise.deliver(fetch_and_share(self, wanted));
      },
      [self, wanted, promise](const caf::error&) mutable { promise.deliver(fetch_and_share(self, wanted)); });
  return promise;
}

} // namespace

fetcher_actor::behavior_type fetcher(self_pointer self, fetcher_settings settings, fetcher_means means) {
  self->state.settings = std::move(settings);
  self->state.means = std::move(means);
  share_embargo(self);
  return {[self](const fetch_symbols& wanted) { return answer(self, wanted); },
          [self](const wake&) { look_again(self); }};
}

} // namespace holdfast

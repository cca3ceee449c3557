#include "actors/fetcher.hpp"

#include <algorithm>
#include <charconv>

#include <caf/typed_event_based_actor.hpp>

#include "runtime/exchange_info.hpp"
#include "runtime/log.hpp"
#include "runtime/retry_after.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = fetcher_actor::stateful_pointer<fetcher_state>;

constexpr auto private_refusal = 10min;
constexpr auto attempt_min = 250ms;
constexpr std::int64_t error_too_many = -1003;

struct attempt {
  std::string url;
  bool with_key = false;
  bool whole = true; // with permission sets, which are most of a spot body
};

// What one URL made of it. `next`: try the next one; otherwise `outcome` is final.
struct attempt_result {
  fetch_outcome outcome;
  bool next = false;
  bool retry_smaller = false;
};

std::string_view path_of(market which) noexcept {
  return which == market::spot ? "/api/v3/exchangeInfo" : "/fapi/v1/exchangeInfo";
}

attempt_result failed(fault why, std::string detail, bool next) {
  attempt_result result;
  result.outcome.failure = why;
  result.outcome.detail = std::move(detail);
  result.next = next;
  return result;
}

attempt_result forbidden(fetcher_state& state, std::chrono::seconds length, std::string detail) {
  state.budget->close_for(length);
  auto result = failed(fault::fetch_forbidden, std::move(detail), false);
  result.outcome.forbidden_until = state.budget->closed_until();
  return result;
}

bool refuses_key(int status, std::int64_t code) noexcept {
  return status == 401 || status == 403 || code == -2014 || code == -2015;
}

// Above our share of the address's weight the next refresh waits for the minute to turn.
void respect_weight(fetcher_state& state, const http_answer& answer) {
  const auto header = answer.header("x-mbx-used-weight-1m");
  if (!header || state.weight_limit <= 0)
    return;
  std::int64_t used = 0;
  if (std::from_chars(header->data(), header->data() + header->size(), used).ec != std::errc{})
    return;
  if (used * 100 < state.weight_limit * state.settings.weight_percent_max)
    return;
  const auto second = std::chrono::floor<std::chrono::seconds>(state.clock->wall_now()).time_since_epoch().count() % 60;
  state.budget->close_for(std::chrono::seconds{60 - second});
}

attempt_result judge(fetcher_state& state, exchange_info&& info, const attempt& how, const symbol_table_ptr& baseline) {
  const auto& settings = state.settings;
  if (settings.count_unknown)
    for (const auto& one : info.unknown) {
      constexpr std::array<std::string_view, 4> kinds{"status", "contract_type", "filter", "field"};
      settings.count_unknown(kinds[static_cast<std::size_t>(one.what)]);
    }
  if (info.weight_per_minute)
    state.weight_limit = *info.weight_per_minute;
  const auto verdict = judge_table(settings.which, *info.table, baseline.get(), settings.gate);
  if (!verdict.believed()) {
    logger()->warn("table refused market={} reason={} {}", to_string(settings.which), to_string(verdict.reason),
                   verdict.detail);
    return failed(fault::table_refused, std::string{to_string(verdict.reason)} + ": " + verdict.detail, false);
  }
  attempt_result result;
  result.outcome.answer = {std::move(info.table), how.with_key ? symbols_source::private_api : symbols_source::public_api,
                           state.clock->wall_now(), state.clock->boot_now(), {}};
  return result;
}

attempt_result read_answer(fetcher_state& state, http_answer&& answer, const attempt& how, const symbol_table_ptr& baseline) {
  const auto status = answer.status;
  const auto told = "HTTP " + std::to_string(status);
  if (status == 418)
    return forbidden(state, embargo_of(answer, state.clock->wall_now(), 120s), told);
  if (status == 429)
    return forbidden(state, embargo_of(answer, state.clock->wall_now(), 60s), told);
  const auto ban = embargo_of(answer, state.clock->wall_now(), 60s);
  respect_weight(state, answer);
  auto info = read_exchange_info(std::move(answer.body), state.settings.rules);
  if (info && status == 200) {
    auto result = judge(state, std::move(*info), how, baseline);
    respect_weight(state, answer);
    return result;
  }
  const auto code = info ? 0 : info.error().code.value_or(0);
  if (code == error_too_many)
    return forbidden(state, ban, info.error().message);
  if (how.with_key && refuses_key(status, code)) {
    state.private_refused_until = state.clock->boot_now() + private_refusal;
    logger()->warn("private API refuses the key, the public one serves market={} {}", to_string(state.settings.which), told);
  }
  return failed(fault::fetch_failed, told + (info ? "" : ", " + info.error().message), true);
}

attempt_result try_url(fetcher_state& state, const attempt& how, const symbol_table_ptr& baseline,
                       std::chrono::milliseconds timeout) {
  http_request request{.url = how.url + std::string{path_of(state.settings.which)}, .timeout = timeout,
                       .max_body = state.settings.max_body};
  if (!how.whole)
    request.url += "?showPermissionSets=false";
  if (how.with_key)
    request.headers.emplace_back("X-MBX-APIKEY", state.settings.api_key);
  auto answer = state.transfer->get(request);
  if (answer)
    return read_answer(state, std::move(*answer), how, baseline);
  auto result = failed(fault::fetch_failed, how.url + ": " + answer.error().detail, true);
  result.retry_smaller = answer.error().kind == transfer_failure_kind::too_large && how.whole
                         && state.settings.which == market::spot;
  return result;
}

std::vector<attempt> plan(const fetcher_state& state) {
  std::vector<attempt> attempts;
  const auto& settings = state.settings;
  if (!settings.api_key.empty() && state.clock->boot_now() >= state.private_refused_until)
    attempts.push_back({settings.urls.front(), true});
  for (const auto& url : settings.urls)
    attempts.push_back({url});
  return attempts;
}

fetch_outcome fetch(fetcher_state& state, const fetch_symbols& wanted) {
  fetch_outcome last;
  last.failure = fault::fetch_failed;
  last.detail = "no time was left to ask";
  auto attempts = plan(state);
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (const auto until = state.budget->closed_until()) {
      last.failure = fault::fetch_forbidden;
      last.detail = "the exchange forbids asking";
      last.forbidden_until = until;
      return last;
    }
    const auto left = std::chrono::floor<std::chrono::milliseconds>(wanted.deadline - state.clock->boot_now());
    if (left < attempt_min)
      return last;
    // A URL that hangs leaves time for the next ones.
    const auto share = i + 1 < attempts.size() ? std::max<std::chrono::milliseconds>(left / 2, attempt_min) : left;
    auto result = try_url(state, attempts[i], wanted.baseline, share);
    last = std::move(result.outcome);
    if (result.retry_smaller) {
      attempts[i].whole = false;
      --i;
    } else if (!result.next) {
      return last;
    }
  }
  return last;
}

} // namespace

fetcher_actor::behavior_type fetcher(self_pointer self, fetcher_settings settings, clock_ptr clock,
                                     std::shared_ptr<http_transfer> transfer, std::shared_ptr<embargo> budget) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.transfer = std::move(transfer);
  state.budget = std::move(budget);
  return {[self](const fetch_symbols& wanted) { return fetch(self->state, wanted); }};
}

} // namespace holdfast

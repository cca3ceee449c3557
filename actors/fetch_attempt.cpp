#include "actors/fetch_attempt.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/exchange_info.hpp"
#include "runtime/log.hpp"
#include "runtime/machine.hpp"
#include "runtime/printable.hpp"
#include "runtime/request_weight.hpp"
#include "runtime/retry_after.hpp"
#include "runtime/symbol_merge.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr auto key_refusal_length = 10min;
// A page of maintenance may name a time, too; nobody is banned by it, so it is not believed for days.
constexpr seconds maintenance_max = 1h;
constexpr std::size_t detail_bytes_max = 200;
constexpr std::int64_t error_too_many = -1003;

std::string_view path_of(market which) noexcept {
  return which == market::spot ? "/api/v3/exchangeInfo" : "/fapi/v1/exchangeInfo";
}

// One request: what was asked for, and when. A table is as old as its question.
struct question {
  bool with_key;
  bool whole; // with permission sets
  wall_time at;
  boot_time at_boot;

  symbols_source source() const noexcept { return with_key ? symbols_source::private_api : symbols_source::public_api; }
};

attempt_result failed(fault why, std::string detail) {
  attempt_result result;
  result.outcome.failure = why;
  result.outcome.detail = std::move(detail);
  result.next = true;
  return result;
}

attempt_result final_failure(fault why, std::string detail) {
  auto result = failed(why, std::move(detail));
  result.next = false;
  return result;
}

attempt_result forbidden(fetcher_state& state, seconds length, std::string detail) {
  state.means.budget->close_for(length);
  auto result = final_failure(fault::fetch_forbidden, std::move(detail));
  result.outcome.forbidden_until = state.means.budget->closed_until();
  return result;
}

// The exchange's own words, fit for a log: short, clean, without our key.
std::string told(const fetcher_state& state, int status, std::string message) {
  const auto& key = state.settings.api_key;
  for (auto at = key.empty() ? std::string::npos : message.find(key); at != std::string::npos; at = message.find(key, at))
    message.replace(at, key.size(), "[key]");
  auto text = "HTTP " + std::to_string(status);
  if (!message.empty())
    text += ", " + printable(message, detail_bytes_max);
  return text;
}

bool refuses_key(int status, std::int64_t code) noexcept {
  constexpr std::array codes{-1021, -2014, -2015};
  return status == 401 || status == 403 || std::find(codes.begin(), codes.end(), code) != codes.end();
}

// Above our share of the address's weight the next fetch waits for the exchange's minute to turn.
void respect_weight(fetcher_state& state, const http_answer& answer) {
  const auto used = used_weight(answer);
  if (!used)
    return;
  auto& memory = *state.means.memory;
  memory.weight_told(*used);
  // The exchange's own word counts for more.
  if (state.means.budget->closed_until())
    return;
  const auto limit = memory.weight_limit().value_or(usual_weight_limit(state.settings.which));
  if (!beyond_share(*used, limit, state.settings.weight_percent_max))
    return;
  const auto now = std::chrono::floor<seconds>(answered_at(answer, state.means.clock->wall_now()));
  state.means.budget->close_for(seconds{60 - now.time_since_epoch().count() % 60}, embargo_cause::own_share);
}

// What vanished from the list stays in the table for a while, to be priced.
symbol_table_ptr with_gone(const fetcher_state& state, const symbol_table_ptr& baseline, symbol_table_ptr table) {
  return merge_gone(baseline, std::move(table), state.means.clock->wall_now(), state.settings.rules, state.settings.keep_gone);
}

attempt_result refuse_table(fetcher_state& state, exchange_info&& info, const question& asked, gate_verdict verdict,
                            const symbol_table_ptr& baseline) {
  const auto market_name = std::string{to_string(state.settings.which)};
  const auto reason = std::string{to_string(verdict.reason)};
  if (state.settings.count)
    state.settings.count("table_refused", market_name + '_' + reason);
  if (std::exchange(state.last_refusal, verdict.reason) != verdict.reason)
    logger()->warn("table refused market={} reason={} detail={}", market_name, reason, log_value(verdict.detail));
  auto result = final_failure(fault::table_refused, reason + ": " + verdict.detail);
  // A list without anything in it tells of this host, not of the market.
  result.next = verdict.reason == gate_reason::empty;
  result.unknown = std::move(info.unknown);
  state.means.memory->refused({with_gone(state, baseline, std::move(info.table)), asked.source(), std::move(verdict), asked.at,
                               asked.at_boot});
  return result;
}

// The few ticks and steps of zero that the gate lets pass are not traded on.
symbol_table_ptr with_kept_rules(fetcher_state& state, const symbol_table_ptr& baseline, symbol_table_ptr table) {
  auto kept = keep_lost_rules(baseline, std::move(table), state.settings.rules);
  const auto market_name = to_string(state.settings.which);
  if (kept.symbols > 0 && state.settings.count)
    state.settings.count("rules_kept", market_name);
  if (std::exchange(state.last_kept, kept.symbols) != kept.symbols && kept.symbols > 0)
    logger()->warn("a tick or step became zero or is missing, the last one is kept market={} symbols={}", market_name, kept.symbols);
  return std::move(kept.table);
}

// Right for a market in which nothing trades, or nothing in these assets; else somebody has mistyped one, and nobody else says so.
std::string note_empty_list(fetcher_state& state, const symbol_table& table) {
  const bool nothing = table.size() > 0 && table.listed().empty();
  const bool before = std::exchange(state.listed_nothing, nothing);
  if (!nothing)
    return {};
  std::string assets;
  for (const auto& asset : state.settings.rules.quote_assets)
    assets += (assets.empty() ? "" : ",") + asset;
  if (!before)
    logger()->warn("no symbol is listed market={} symbols={} trading={} quote_assets={}", to_string(state.settings.which),
                   table.size(), table.trading_count(), log_value(assets));
  return "none of " + std::to_string(table.size()) + " symbols is listed: " + std::to_string(table.trading_count())
         + " are in TRADING" + (assets.empty() ? "" : ", none of them quoted in " + assets);
}

attempt_result judge(fetcher_state& state, exchange_info&& info, const question& asked, const symbol_table_ptr& baseline) {
  auto& memory = *state.means.memory;
  memory.schema_seen(info.unknown, info.bad_symbols);
  if (!asked.whole)
    info.table = keep_permissions(baseline, std::move(info.table), state.settings.rules);
  auto verdict = judge_table(state.settings.which, *info.table, baseline.get(), memory.gate_for(state.settings.gate, baseline.get()));
  if (!verdict.believed())
    return refuse_table(state, std::move(info), asked, std::move(verdict), baseline);
  state.last_refusal = gate_reason::believed;
  memory.believed(*info.table);
  memory.take_refused();
  attempt_result result;
  result.unknown = std::move(info.unknown);
  auto table = with_gone(state, baseline, with_kept_rules(state, baseline, std::move(info.table)));
  result.outcome.detail = note_empty_list(state, *table);
  result.outcome.answer = {std::move(table), asked.source(), asked.at, asked.at_boot, {}};
  return result;
}

attempt_result read_failure(fetcher_state& state, const http_answer& answer, const question& asked,
                            const exchange_info_error& error) {
  const auto code = error.code.value_or(0);
  auto detail = told(state, answer.status, error.message);
  if (asked.with_key && refuses_key(answer.status, code)) {
    logger()->warn("private API refuses the key, the public one serves market={} minutes={} reason={}",
                   to_string(state.settings.which), key_refusal_length.count(), log_value(detail));
    state.means.memory->key_refused(detail, key_refusal_length);
    return failed(fault::fetch_failed, std::move(detail));
  }
  const auto rest = told_embargo(answer, state.means.clock->wall_now());
  if (answer.status != 200 && answer.header("retry-after") && rest)
    return forbidden(state, std::min(*rest, maintenance_max), std::move(detail));
  return failed(fault::fetch_failed, std::move(detail));
}

attempt_result read_answer(fetcher_state& state, http_answer&& answer, const question& asked, const symbol_table_ptr& baseline) {
  const auto status = answer.status;
  const auto ban = embargo_of(answer, state.means.clock->wall_now(), status == 418 ? 120s : 60s);
  auto info = read_exchange_info(std::move(answer.body), state.settings.rules);
  answer.body.clear();
  if (info && info->weight_per_minute)
    state.means.memory->limit_told(*info->weight_per_minute);
  const exchange_info_error error = info ? exchange_info_error{} : info.error();
  const bool too_many = status == 418 || status == 429 || error.code == error_too_many;
  auto result = too_many ? forbidden(state, ban, told(state, status, error.message)) : attempt_result{};
  respect_weight(state, answer);
  if (too_many)
    return result;
  if (info && status == 200)
    return judge(state, std::move(*info), asked, baseline);
  return read_failure(state, answer, asked, error);
}

// Scheme and host alone: a name, a password or a path may hold what is nobody's business.
std::string host_of(const std::string& base) {
  const auto url = without_user(base);
  const auto host = url.find("://");
  return url.substr(0, url.find_first_of("/?#", host == std::string::npos ? 0 : host + 3));
}

} // namespace

std::vector<fetch_attempt> plan_attempts(const fetcher_state& state) {
  std::vector<fetch_attempt> attempts;
  for (auto base : state.settings.urls) {
    while (base.ends_with('/'))
      base.pop_back();
    if (base.empty())
      continue;
    if (attempts.empty() && !state.settings.api_key.empty() && state.means.memory->key_usable())
      attempts.push_back({base, true});
    attempts.push_back({std::move(base)});
  }
  return attempts;
}

attempt_result try_url(fetcher_state& state, const fetch_attempt& how, const symbol_table_ptr& baseline,
                       std::chrono::milliseconds timeout) {
  const auto& settings = state.settings;
  // Futures bodies are small, and that API knows no such parameter.
  const bool whole = settings.which != market::spot || state.means.memory->asks_for_whole();
  http_request request{.url = how.base + std::string{path_of(settings.which)}, .timeout = timeout,
                       .max_body = settings.max_body};
  if (!whole)
    request.url += "?showPermissionSets=false";
  if (how.with_key)
    request.headers.emplace_back("X-MBX-APIKEY", settings.api_key);
  const question asked{how.with_key, whole, state.means.clock->wall_now(), state.means.clock->boot_now()};
  auto answer = state.means.transfer->get(request);
  if (answer)
    return read_answer(state, std::move(*answer), asked, baseline);
  const auto& why = answer.error();
  auto result = failed(fault::fetch_failed, printable(host_of(how.base) + ": " + why.detail, detail_bytes_max));
  result.next = why.kind != transfer_failure_kind::cancelled;
  result.retry_smaller = why.kind == transfer_failure_kind::too_large && whole && settings.which == market::spot;
  return result;
}

std::optional<fetch_outcome> forbidden_now(const fetcher_state& state) {
  const auto until = state.means.budget->closed_until();
  if (!until)
    return std::nullopt;
  fetch_outcome outcome;
  outcome.failure = fault::fetch_forbidden;
  outcome.detail = state.means.budget->cause() == embargo_cause::own_share
                     ? "our share of the exchange's weight for this minute is used up"
                     : "the exchange forbids asking";
  outcome.forbidden_until = until;
  return outcome;
}

} // namespace holdfast

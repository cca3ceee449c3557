#include <charconv>
#include <filesystem>
#include <system_error>

#include <rapidjson/document.h>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "apps/holdfast/doctor.hpp"
#include "config/fingerprint.hpp"
#include "runtime/embargo.hpp"
#include "runtime/http_client.hpp"
#include "runtime/state_folder.hpp"
#include "runtime/symbol_fingerprint.hpp"

namespace holdfast::app {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 3000ms;
constexpr std::uintmax_t mebibyte = 1u << 20;

// In the largest unit that tells it whole.
std::string in_words(std::chrono::nanoseconds length) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
  for (const auto& [unit, name] : {std::pair{3'600'000, " h"}, std::pair{60'000, " min"}, std::pair{1000, " s"}})
    if (ms >= unit && ms % unit == 0)
      return std::to_string(ms / unit) + name;
  return std::to_string(ms) + " ms";
}

std::optional<std::chrono::seconds> forbidden_for(const engine_config& config, market which) {
  const auto folder = state_folder::open(config.state_dir);
  if (folder.readable.empty())
    return std::nullopt;
  const embargo budget{which, folder.readable + '/' + embargo_file_name(which, config.site(which)), system_clocks()};
  const auto until = budget.closed_until();
  return until ? std::optional{std::chrono::ceil<std::chrono::seconds>(*until - boot_clock::now())} : std::nullopt;
}

struct exchange_answer {
  std::string url;
  http_answer answer;
  std::optional<std::chrono::nanoseconds> skew; // none: it tells no time
};

// The first URL that answers, and why those before it did not.
std::optional<exchange_answer> first_that_answers(const std::vector<std::string>& urls, market which, std::string& failures) {
  for (const auto& url : urls) {
    http_client client;
    const auto before = system_clocks()->wall_now();
    const auto path = which == market::spot ? "/api/v3/time" : "/fapi/v1/time";
    auto answer = client.get({.url = url + path, .timeout = patience, .max_body = mebibyte});
    const auto after = system_clocks()->wall_now();
    if (!answer || answer->status != 200) {
      failures += (failures.empty() ? "" : "; ") + url + ": "
                  + (answer ? "HTTP " + std::to_string(answer->status) : answer.error().detail);
      // A ban is for all of them: asking the next one makes it longer.
      if (answer && (answer->status == 418 || answer->status == 429))
        return std::nullopt;
      continue;
    }
    exchange_answer told{url, std::move(*answer), {}};
    rapidjson::Document body;
    body.Parse(told.answer.body.c_str());
    if (body.IsObject() && body.HasMember("serverTime") && body["serverTime"].IsInt64()) {
      const wall_time theirs{std::chrono::milliseconds{body["serverTime"].GetInt64()}};
      told.skew = theirs - (before + (after - before) / 2);
    }
    return told;
  }
  return std::nullopt;
}

void check_weight(const engine_config& config, market which, const http_answer& answer, const std::string& name, findings& found) {
  const auto header = answer.header("x-mbx-used-weight-1m");
  std::int64_t used = 0;
  if (!header || std::from_chars(header->data(), header->data() + header->size(), used).ec != std::errc{}) {
    found.push_back({finding_level::warning, name + " weight", "not told",
                     "see that no proxy takes x-mbx-used-weight-1m away: without it holdfast cannot yield to others on "
                     "this address"});
    return;
  }
  const std::int64_t limit = which == market::spot ? 6000 : 2400;
  const auto seen = std::to_string(used) + " of about " + std::to_string(limit) + " per minute used from this address";
  if (used * 100 > limit * config.weight_percent_max)
    found.push_back({finding_level::warning, name + " weight", seen, "something else on this address asks too much; refreshes wait for it"});
  else
    found.push_back({finding_level::ok, name + " weight", seen, {}});
}

void check_exchange_clock(const exchange_answer& told, const std::string& name, findings& found) {
  if (!told.skew) {
    found.push_back({finding_level::warning, name + " clock", "not told",
                     "see that the URL is one of an exchange: its answer has no serverTime"});
    return;
  }
  const auto skew = std::chrono::abs(*told.skew);
  const auto seen = "differs by " + in_words(skew);
  if (skew > 2s)
    found.push_back({finding_level::warning, name + " clock", seen,
                     "synchronise this machine's clock (chrony): ages across restarts are wrong by as much"});
  else
    found.push_back({finding_level::ok, name + " clock", seen, {}});
}

} // namespace

void check_intervals(const engine_config& config, findings& found) {
  for (const auto which : all_markets) {
    const std::string name{to_string(which)};
    const auto interval = config.warmup_interval(which);
    const auto ttl = config.ttl(which);
    const auto seen = "refresh every " + in_words(interval) + ", TTL " + in_words(ttl);
    if (interval == 0ns)
      found.push_back({finding_level::warning, name + " refresh", "no warmup", "set --" + name + "-warmup-interval: the first question after each TTL waits for the exchange"});
    else if (interval > ttl && config.given(name + "-warmup-interval"))
      found.push_back({finding_level::warning, name + " refresh", seen, "the interval exceeds the TTL: 0.8 of the TTL is used instead; lower it or raise --" + name + "-ttl"});
    else if (config.fetch_timeout > ttl)
      found.push_back({finding_level::warning, name + " refresh", seen + ", fetch timeout " + in_words(config.fetch_timeout), "a fetch may take longer than the TTL: lower --fetch-timeout or raise --" + name + "-ttl"});
    else
      found.push_back({finding_level::ok, name + " refresh", seen, {}});
  }
}

void check_state_folder(const engine_config& config, findings& found) {
  const auto folder = state_folder::open(config.state_dir);
  if (!folder.problem.empty() || folder.path.empty()) {
    found.push_back({finding_level::failure, "state folder", folder.problem, "give a folder that can be written to with --state-dir: until then counters do not survive the process"});
    return;
  }
  std::error_code error;
  const auto space = std::filesystem::space(folder.path, error);
  const auto seen = folder.path + ", " + (error ? "free space unknown" : std::to_string(space.available / mebibyte) + " MiB free");
  if (!error && space.available < 16 * mebibyte)
    found.push_back({finding_level::failure, "state folder", seen, "make room: ledgers and lists cannot be kept on a full disk"});
  else if (!error && space.available < 256 * mebibyte)
    found.push_back({finding_level::warning, "state folder", seen, "make room: ledgers, lists and history are kept here"});
  else if (!folder.warning.empty())
    found.push_back({finding_level::warning, "state folder", folder.warning, "chmod 0700 " + folder.path});
  else
    found.push_back({finding_level::ok, "state folder", seen, {}});
  const auto set_aside = folder.path + "/ledgers/set-aside";
  if (std::filesystem::exists(set_aside, error) && !std::filesystem::is_empty(set_aside, error) && !error)
    found.push_back({finding_level::warning, "ledgers", "some were set aside because they cannot be trusted",
                     "look at " + set_aside + " with holdfast ledger FILE, then move them away"});
}

void check_serve(const engine_config& config, findings& found) {
  const auto answer = ask_serve(state_path_of(config), "GET", "/api/v1/status?events=0", patience);
  if (!answer && answer.error() == no_answer::nobody) {
    found.push_back({finding_level::ok, "serve", "does not run on this folder", {}});
  } else if (!answer || answer->status != 200) {
    found.push_back({finding_level::failure, "serve",
                     answer ? "answers with HTTP " + std::to_string(answer->status)
                            : "runs on this folder and does not answer within " + in_words(patience),
                     "look at its log, and restart it: what was counted is in its ledger"});
  } else {
    found.push_back({finding_level::ok, "serve", "runs on this folder", {}});
    check_status(answer->body, found);
  }
}

void check_lists(const engine_config& config, market which, const std::string& stored, findings& found) {
  const auto name = std::string{to_string(which)} + " list";
  const auto fingerprint = fingerprint_in(stored);
  if (fingerprint && *fingerprint != fingerprint_of(config))
    found.push_back({finding_level::failure, name, "the store holds one of another configuration: " + *fingerprint,
                     "give every exchange and choice of quote assets a store of its own (another database number of --redis-url, another --state-dir): they overwrite each other's lists"});
  else
    found.push_back({finding_level::ok, name, fingerprint ? "in the store, of this configuration" : "not in the store yet", {}});
}

void check_exchange(const engine_config& config, market which, findings& found) {
  const auto name = std::string{to_string(which)} + " exchange";
  if (const auto embargoed = forbidden_for(config, which)) {
    found.push_back({finding_level::warning, name, "not asked: it forbids that for another " + in_words(*embargoed),
                     "wait, and do not restart: asking earlier makes it longer"});
    return;
  }
  std::string failures;
  const auto told = first_that_answers(config.urls(which), which, failures);
  if (!told) {
    found.push_back({finding_level::failure, name, failures, "check network, proxy and --" + std::string{to_string(which)} + "-urls; after HTTP 429 or 418 wait and do not restart"});
    return;
  }
  if (failures.empty())
    found.push_back({finding_level::ok, name, told->url + " answers", {}});
  else
    found.push_back({finding_level::warning, name, told->url + " answers, but: " + failures, "put a URL that answers first in --" + std::string{to_string(which)} + "-urls"});
  check_weight(config, which, told->answer, name, found);
  check_exchange_clock(*told, name, found);
}

} // namespace holdfast::app

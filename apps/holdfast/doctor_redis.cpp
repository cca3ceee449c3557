#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "apps/holdfast/doctor.hpp"
#include "config/keys.hpp"
#include "runtime/clock.hpp"
#include "runtime/redis_client.hpp"
#include "runtime/sqlite_reader.hpp"
#include "runtime/state_folder.hpp"

namespace holdfast::app {

namespace {

using namespace std::chrono_literals;

constexpr auto redis_patience = 2s;

std::string field_of(const std::string& info, const std::string& name) {
  const auto at = ("\n" + info).find("\n" + name + ":");
  if (at == std::string::npos)
    return {};
  const auto begin = at + name.size() + 1;
  return info.substr(begin, info.find_first_of("\r\n", begin) - begin);
}

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string in_ms(std::chrono::nanoseconds length) {
  const auto tenths = std::chrono::round<std::chrono::microseconds>(length).count() / 100;
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " ms";
}

redis_reply ask(redis_client& client, redis_command command) {
  const std::vector<redis_command> commands{std::move(command)};
  auto replies = client.run(commands, boot_clock::now() + redis_patience);
  if (replies && replies->size() == 1)
    return std::move(replies->front());
  redis_reply failed;
  failed.what = redis_reply::kind::error;
  failed.text = replies ? "no reply" : replies.error().detail;
  return failed;
}

// Whether anything at all comes back, a refusal too: a frozen server still takes connections. Else why not.
std::optional<std::string> why_silent(redis_client& client) {
  const auto replies = client.run(std::vector<redis_command>{{"PING"}}, boot_clock::now() + redis_patience);
  return replies ? std::nullopt : std::optional{replies.error().detail};
}

void check_latency(redis_client& client, const engine_config& config, findings& found) {
  std::array<std::chrono::nanoseconds, 9> taken{};
  for (auto& one : taken) {
    const auto began = boot_clock::now();
    if (const auto why = why_silent(client)) {
      found.push_back({finding_level::failure, "redis latency", "no answer any more: " + *why, "see what holds Redis up"});
      return;
    }
    one = boot_clock::now() - began;
  }
  std::sort(taken.begin(), taken.end());
  const auto median = taken[taken.size() / 2];
  const auto seen = in_ms(median) + " for a round trip (median of 9, longest " + in_ms(taken.back()) + ")";
  if (median * 2 > config.redis_command_timeout)
    found.push_back({finding_level::failure, "redis latency", seen, "raise --redis-command-timeout, or move Redis closer"});
  else if (median > 20ms)
    found.push_back({finding_level::warning, "redis latency", seen, "find out what slows Redis or the network down"});
  else
    found.push_back({finding_level::ok, "redis latency", seen, {}});
}

void check_clock(redis_client& client, findings& found) {
  const auto before = system_clocks()->wall_now();
  const auto reply = ask(client, {"TIME"});
  const auto after = system_clocks()->wall_now();
  if (reply.elements.size() != 2) {
    found.push_back({finding_level::warning, "redis clock", "not told: " + reply.text, "allow TIME to this user"});
    return;
  }
  const wall_time theirs{std::chrono::seconds{number_of(reply.elements[0].text)}
                         + std::chrono::microseconds{number_of(reply.elements[1].text)}};
  const auto skew = std::chrono::abs(theirs - (before + (after - before) / 2));
  const auto seen = "differs by " + in_ms(skew) + ", give or take " + in_ms((after - before) / 2);
  if (skew > 5s)
    found.push_back({finding_level::warning, "redis clock", seen, "synchronise the clocks of both machines (chrony)"});
  else
    found.push_back({finding_level::ok, "redis clock", seen, {}});
}

void check_eviction(const std::string& info, findings& found) {
  const auto policy = field_of(info, "maxmemory_policy");
  const auto limit = field_of(info, "maxmemory_human");
  const auto seen = policy + ", maxmemory " + (limit.empty() || limit == "0B" ? "none" : limit);
  if (policy.starts_with("allkeys-"))
    found.push_back({finding_level::failure, "redis eviction", seen,
                     "set maxmemory-policy to noeviction: " + policy + " throws counters and their bookkeeping away"});
  else if (policy.starts_with("volatile-"))
    found.push_back({finding_level::warning, "redis eviction", seen,
                     "set maxmemory-policy to noeviction: " + policy + " throws rate limits away, which then begin anew"});
  else if (policy.empty())
    found.push_back({finding_level::warning, "redis eviction", "not told", "allow INFO to this user, and see that it is noeviction"});
  else
    found.push_back({finding_level::ok, "redis eviction", seen, {}});
}

void check_memory(const std::string& info, findings& found) {
  const auto used = number_of(field_of(info, "used_memory"));
  const auto most = number_of(field_of(info, "maxmemory"));
  if (most <= 0 || used <= 0)
    return;
  const auto seen = std::to_string(used / 1024) + " of " + std::to_string(most / 1024) + " KiB are used";
  if (used > most / 10 * 9)
    found.push_back({finding_level::warning, "redis memory", seen,
                     "raise maxmemory or remove what needs most: once it is full Redis takes no counters"});
  else
    found.push_back({finding_level::ok, "redis memory", seen, {}});
}

std::string advice_for_write(const redis_reply& refusal) {
  if (refusal.is_error("OOM"))
    return "raise maxmemory or remove what needs most";
  if (refusal.is_error("MISCONF"))
    return "look at the log of Redis: it cannot save, its disk may be full";
  if (refusal.is_error("READONLY"))
    return "name the primary in --redis-url";
  if (refusal.is_error("NOPERM"))
    return "give this user ~metrics:* ~cache:* ~holdfast:* ~rate_limit:* &holdfast:announce and +@read +@write "
           "+@scripting +@connection +@pubsub +info +time";
  return "mend what Redis says; until then counters wait in the ledger";
}

// Redis refuses a write before it looks for the key, and with XX changes nothing where there is none.
void check_writes(redis_client& client, findings& found) {
  for (const auto* key : {"metrics:doctor:probe", "cache:doctor", "holdfast:doctor", "rate_limit:doctor"}) {
    const auto reply = ask(client, {"SET", key, "0", "XX"});
    if (reply.what != redis_reply::kind::error)
      continue;
    found.push_back({finding_level::failure, "redis writes", std::string{"refused for "} + key + ": " + reply.text,
                     advice_for_write(reply)});
    return;
  }
  found.push_back({finding_level::ok, "redis writes", "are taken", {}});
}

void check_persistence(redis_client& client, const std::string& info, findings& found) {
  const bool log = field_of(info, "aof_enabled") == "1";
  const auto saves = ask(client, {"CONFIG", "GET", "save"});
  const bool told = saves.elements.size() == 2;
  const bool snapshots = told && !saves.elements[1].text.empty();
  const auto last = field_of(info, "rdb_last_bgsave_status");
  const auto last_log = field_of(info, "aof_last_write_status");
  if (last == "err" || last_log == "err")
    found.push_back({finding_level::failure, "redis persistence", "the last save failed", "look at the log of Redis: its disk may be full"});
  else if (log)
    found.push_back({finding_level::ok, "redis persistence", "append-only file", {}});
  else if (snapshots)
    found.push_back({finding_level::ok, "redis persistence", "snapshots (" + saves.elements[1].text + ")", {}});
  else if (!told)
    found.push_back({finding_level::warning, "redis persistence", "no append-only file; whether it makes snapshots is not told",
                     "allow CONFIG GET to this user, or check it yourself"});
  else
    found.push_back({finding_level::warning, "redis persistence", "none",
                     "set appendonly yes: after a restart only what living processes counted comes back"});
}

// One that serves every slot alone answers like any other; of several each sends away with MOVED.
void check_cluster(redis_client& client, const std::string& info, findings& found) {
  if (field_of(info, "cluster_enabled") != "1")
    return;
  const auto masters = number_of(field_of(ask(client, {"CLUSTER", "INFO"}).text, "cluster_size"));
  const auto seen = "one of " + std::to_string(masters) + " with slots";
  if (masters > 1)
    found.push_back({finding_level::failure, "redis cluster", seen,
                     "name a Redis that is no cluster: holdfast does not follow MOVED to the other ones"});
  else
    found.push_back({finding_level::warning, "redis cluster", seen,
                     "give it no others: holdfast does not follow MOVED, a Redis that is no cluster is better"});
}

bool is_new_enough(const std::string& version) {
  const auto dot = version.find('.');
  const auto major = number_of(version);
  return major > 6 || (major == 6 && dot != std::string::npos && number_of(version.substr(dot + 1)) >= 2);
}

void check_server(const std::string& info, findings& found) {
  const auto version = field_of(info, "redis_version");
  if (is_new_enough(version))
    found.push_back({finding_level::ok, "redis version", version, {}});
  else
    found.push_back({finding_level::warning, "redis version", version.empty() ? "not told" : version, "holdfast is tested with Redis 7; use 6.2 or newer"});
  if (field_of(info, "role") == "slave" && field_of(info, "slave_read_only") != "0")
    found.push_back({finding_level::failure, "redis role", "a read-only replica", "name the primary in --redis-url"});
}

void check_embedded_store(const engine_config& config, findings& found) {
  const auto folder = state_folder::open(config.state_dir);
  const auto path = folder.readable + "/store.sqlite";
  const auto stored = read_entries(path, {std::string{keys::symbols_full(market::spot)}, std::string{keys::symbols_full(market::futures)}});
  for (const auto which : all_markets)
    check_lists(config, which, stored[index(which)].value_or(""), found);
  if (const auto why = folder.path.empty() ? std::string{} : why_not_writable(path); !why.empty())
    found.push_back({finding_level::failure, "store", path + " cannot be written: " + why,
                     "see who owns and holds it, and make room on its disk; counters wait in the ledger"});
  else
    found.push_back({finding_level::ok, "store", "embedded, in the state folder; no Redis is configured", {}});
}

} // namespace

void check_redis(const engine_config& config, findings& found) {
  if (!config.uses_redis()) {
    check_embedded_store(config, found);
    return;
  }
  const auto url = redis_url::parse(config.redis_url);
  if (!url) {
    found.push_back({finding_level::failure, "redis", url.error(), "correct --redis-url"});
    return;
  }
  const auto began = boot_clock::now();
  auto client = redis_client::connect(*url, began + std::max<std::chrono::nanoseconds>(config.redis_connect_timeout, redis_patience));
  const auto took = boot_clock::now() - began;
  if (!client) {
    found.push_back({finding_level::failure, "redis", url->endpoint() + ": " + client.error().detail,
                     "start Redis, or correct host, port, user and password in --redis-url"});
    return;
  }
  if (const auto why = why_silent(**client)) {
    found.push_back({finding_level::failure, "redis", url->endpoint() + " takes connections and does not answer: " + *why,
                     "see what holds it up: a frozen process, a slow script, a swapping machine; counters wait in the ledger"});
    return;
  }
  const bool slow = took > config.redis_connect_timeout;
  found.push_back({slow ? finding_level::failure : finding_level::ok, "redis", url->endpoint() + " answers after " + in_ms(took),
                   slow ? "raise --redis-connect-timeout: it gives up before that" : ""});
  const auto info = ask(**client, {"INFO"}).text;
  check_server(info, found);
  check_cluster(**client, info, found);
  check_persistence(**client, info, found);
  check_eviction(info, found);
  check_memory(info, found);
  check_writes(**client, found);
  check_clock(**client, found);
  check_latency(**client, config, found);
  for (const auto which : all_markets)
    if (auto stored = ask(**client, {"GET", std::string{keys::symbols_full(which)}}); stored.what != redis_reply::kind::error)
      check_lists(config, which, stored.text, found);
}

} // namespace holdfast::app

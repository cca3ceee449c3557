#include "engine/status_json.hpp"

#include <algorithm>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <holdfast/version.hpp>

#include "engine/usage_json.hpp"
#include "runtime/printable.hpp"
#include "runtime/symbol_list.hpp"

namespace holdfast {

namespace {

using writer = rapidjson::Writer<rapidjson::StringBuffer>;

void field(writer& out, const char* name, const std::string& text) {
  out.Key(name);
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
void field(writer& out, const char* name, std::string_view text) { field(out, name, std::string{text}); }
void field(writer& out, const char* name, const char* text) { field(out, name, std::string{text}); }
void field(writer& out, const char* name, bool value) {
  out.Key(name);
  out.Bool(value);
}
void field(writer& out, const char* name, std::uint64_t value) {
  out.Key(name);
  out.Uint64(value);
}

void raw(writer& out, const char* name, const std::string& json, rapidjson::Type type) {
  out.Key(name);
  out.RawValue(json.data(), json.size(), type);
}

// Whole seconds, or null.
void seconds(writer& out, const char* name, std::optional<std::chrono::nanoseconds> length) {
  out.Key(name);
  if (length)
    out.Int64(std::chrono::floor<std::chrono::seconds>(*length).count());
  else
    out.Null();
}

std::optional<std::chrono::nanoseconds> until(std::optional<boot_time> when, boot_time now) {
  return when ? std::optional<std::chrono::nanoseconds>{*when - now} : std::nullopt;
}

std::int64_t unix_seconds(wall_time at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }

// Unix seconds, or null.
void instant(writer& out, const char* name, std::optional<wall_time> when) {
  out.Key(name);
  if (when)
    out.Int64(unix_seconds(*when));
  else
    out.Null();
}

void write_market(writer& out, const engine_status& status, market which, const published_symbols& published,
                  boot_time now) {
  const auto& cached = status.cache.markets[index(which)];
  out.StartObject();
  field(out, "source", to_string(published.source));
  field(out, "stale", !published.fresh(now));
  instant(out, "since", status.since[index(which)]);
  seconds(out, "age", published.age(now));
  field(out, "count", published.table ? std::uint64_t{published.table->listed().size()} : std::uint64_t{0});
  field(out, "version", published.version);
  field(out, "hits", status.hits[index(which)]);
  field(out, "misses", status.misses[index(which)]);
  field(out, "waiting", cached.waiting);
  field(out, "refreshing", cached.refreshing);
  field(out, "store_foreign", cached.store_is_foreign);
  seconds(out, "next_refresh_in", until(status.warmup.markets[index(which)].next_refresh, now));
  field(out, "last_good", status.last_good.markets[index(which)].known);
  out.EndObject();
}

void write_unknown(writer& out, const std::vector<schema_unknown>& unknown) {
  constexpr std::array<const char*, 4> kinds{"status", "contract_type", "filter", "field"};
  out.Key("schema_unknown");
  out.StartArray();
  for (const auto& one : unknown) {
    out.StartObject();
    field(out, "kind", kinds[static_cast<std::size_t>(one.what)]);
    field(out, "name", printable(one.name));
    field(out, "fetches", one.count);
    out.EndObject();
  }
  out.EndArray();
}

void write_exchange(writer& out, const exchange_facts& facts, boot_time now) {
  field(out, "key", !facts.has_key ? "none" : facts.key_refused_until ? "refused" : "usable");
  field(out, "key_refusal", facts.key_refusal);
  seconds(out, "key_rests_for", until(facts.key_refused_until, now));
  field(out, "used_weight", static_cast<std::uint64_t>(facts.used_weight.value_or(0)));
  field(out, "weight_limit", static_cast<std::uint64_t>(facts.weight_limit.value_or(0)));
  field(out, "without_permission_sets", facts.without_permission_sets);
  field(out, "bad_symbols", facts.bad_symbols);
  field(out, "refused_tables", facts.refusals);
  out.Key("refused");
  if (facts.refused) {
    out.StartObject();
    field(out, "reason", to_string(facts.refused->verdict.reason));
    field(out, "detail", facts.refused->verdict.detail);
    field(out, "count", std::uint64_t{facts.refused->table->listed().size()});
    seconds(out, "age", now - facts.refused->fetched_boot);
    out.EndObject();
  } else {
    out.Null();
  }
  write_unknown(out, facts.unknown);
}

void write_fetcher(writer& out, const engine_status& status, market which, boot_time now) {
  const auto& fetcher = status.supervisor.fetchers[index(which)];
  constexpr std::array<const char*, 3> circuits{"closed", "open", "half_open"};
  out.StartObject();
  field(out, "state", fetcher.down ? "down" : fetcher.running ? "running" : "restarting");
  field(out, "restarts", fetcher.restarts);
  field(out, "fetches", fetcher.fetches);
  field(out, "failures", fetcher.failures);
  field(out, "circuit", circuits[static_cast<std::size_t>(fetcher.circuit)]);
  seconds(out, "forbidden_for", until(fetcher.forbidden_until, now));
  field(out, "last_error", fetcher.last_error);
  const auto embargo = status.embargo_until[index(which)];
  seconds(out, "embargo_for", until(embargo, now));
  field(out, "embargo_cause",
        !embargo ? "" : status.embargo_cause_of[index(which)] == embargo_cause::own_share ? "own_share" : "exchange");
  write_exchange(out, status.exchange[index(which)], now);
  out.EndObject();
}

void write_store(writer& out, const store_status& store) {
  out.StartObject();
  field(out, "kind", store.kind);
  field(out, "up", store.up);
  field(out, "takes_writes", store.takes_writes);
  field(out, "endpoint", store.endpoint);
  field(out, "commands", store.commands);
  field(out, "failures", store.failures);
  field(out, "reconnects", store.reconnects);
  field(out, "last_error", store.last_error);
  out.EndObject();
}

void write_ledger(writer& out, const counter_status& ledger) {
  out.StartObject();
  field(out, "rows", ledger.rows);
  field(out, "capacity", ledger.capacity);
  field(out, "pending_rows", ledger.pending_rows);
  field(out, "set_aside_rows", ledger.set_aside_rows);
  field(out, "merged_batches", ledger.merged_batches);
  field(out, "overflow", ledger.overflow);
  field(out, "capped_type", ledger.capped_type);
  field(out, "ambiguous_merges", ledger.ambiguous_merges);
  field(out, "adopting_ledgers", ledger.adopting_ledgers);
  field(out, "damaged_ledgers", ledger.damaged_ledgers);
  field(out, "durable", ledger.durable);
  field(out, "writer", ledger.writer);
  out.Key("set_aside");
  out.StartArray();
  for (const auto& key : ledger.set_aside_keys)
    out.String(key.c_str());
  out.EndArray();
  out.EndObject();
}

void write_history(writer& out, const history_status& history) {
  out.StartObject();
  field(out, "kept", history.kept);
  field(out, "bytes", history.bytes);
  field(out, "series", history.series);
  field(out, "left_out", history.left_out);
  field(out, "records", history.records);
  field(out, "failures", history.failures);
  field(out, "last_error", history.last_error);
  out.EndObject();
}

void write_rate_limits(writer& out, const rate_limiter_status& limits) {
  out.StartObject();
  field(out, "limits", limits.limits);
  field(out, "processes", static_cast<std::uint64_t>(limits.processes));
  field(out, "waiting", limits.waiting);
  field(out, "decided_by_store", limits.decided);
  field(out, "unanswered", limits.unanswered);
  field(out, "last_error", limits.last_error);
  out.EndObject();
}

void write_event(writer& out, const event& one) {
  out.StartObject();
  field(out, "number", one.number);
  field(out, "kind", to_string(one.kind));
  field(out, "subject", one.subject);
  field(out, "detail", one.detail);
  field(out, "count", one.count);
  out.Key("first");
  out.Int64(unix_seconds(one.first));
  out.Key("last");
  out.Int64(unix_seconds(one.last));
  out.EndObject();
}

const char* to_string(counter_source source) {
  return source == counter_source::redis ? "redis" : source == counter_source::embedded ? "embedded" : "ledger";
}

} // namespace

std::string status_json(const engine_status& status, const symbol_board& board, boot_time now, std::size_t events_max) {
  rapidjson::StringBuffer buffer;
  writer out{buffer};
  out.StartObject();
  field(out, "version", version);
  out.Key("markets");
  out.StartObject();
  for (const auto which : all_markets) {
    out.Key(std::string{to_string(which)}.c_str());
    write_market(out, status, which, *board.current(which), now);
  }
  out.EndObject();
  out.Key("fetchers");
  out.StartObject();
  for (const auto which : all_markets) {
    out.Key(std::string{to_string(which)}.c_str());
    write_fetcher(out, status, which, now);
  }
  out.EndObject();
  out.Key("store");
  write_store(out, status.store);
  out.Key("ledger");
  write_ledger(out, status.counters);
  out.Key("history");
  write_history(out, status.history);
  out.Key("rate_limits");
  write_rate_limits(out, status.rate_limits);
  raw(out, "tasks", tasks_json(status.tasks), rapidjson::kArrayType);
  field(out, "task_runs_left_out", status.task_runs_left_out);
  raw(out, "features", feature_status_json(status.features), rapidjson::kObjectType);
  field(out, "names_left_out", status.names_left_out);
  out.Key("events");
  out.StartArray();
  for (std::size_t i = 0; i < std::min(events_max, status.events.size()); ++i)
    write_event(out, status.events[i]);
  out.EndArray();
  field(out, "state_folder", status.state_folder);
  field(out, "state_problem", status.state_problem);
  out.Key("silent");
  out.StartArray();
  for (const auto& part : status.silent)
    out.String(part.c_str());
  out.EndArray();
  out.EndObject();
  return buffer.GetString();
}

std::string reading_json(const counter_reading& reading) {
  std::string out = "{\"key\":";
  append_json_string(out, reading.key);
  out += ",\"value\":" + std::to_string(reading.value) + ",\"source\":\"" + to_string(reading.source) + "\",\"as_of\":";
  out += reading.as_of
           ? std::to_string(std::chrono::floor<std::chrono::seconds>(*reading.as_of).time_since_epoch().count())
           : "null";
  return out + '}';
}

std::string readings_json(const counter_readings& readings) {
  std::string out = "{";
  for (const auto& reading : readings.readings) {
    if (!reading.is_integer)
      continue;
    if (out.size() > 1)
      out += ',';
    append_json_string(out, reading.key);
    out += ':' + std::to_string(reading.value);
  }
  return out + '}';
}

} // namespace holdfast

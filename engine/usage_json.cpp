#include "engine/usage_json.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace holdfast {

namespace {

using writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::size_t named_max = 10;

void text(writer& out, const std::string& words) { out.String(words.data(), static_cast<rapidjson::SizeType>(words.size())); }

void field(writer& out, const char* name, const std::string& words) {
  out.Key(name);
  text(out, words);
}
void field(writer& out, const char* name, std::uint64_t number) {
  out.Key(name);
  out.Uint64(number);
}
template <class Number>
void field(writer& out, const char* name, std::optional<Number> number) {
  out.Key(name);
  if (!number)
    out.Null();
  else if constexpr (std::is_floating_point_v<Number>)
    out.Double(std::round(*number * 10'000) / 10'000);
  else if constexpr (std::is_signed_v<Number>)
    out.Int64(*number);
  else
    out.Uint64(*number);
}

std::optional<std::int64_t> unix_seconds(std::optional<wall_time> at) {
  return at ? std::optional{std::int64_t{std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch().count()}} : std::nullopt;
}

double seconds(std::chrono::nanoseconds length) { return std::chrono::duration<double>{length}.count(); }

void write_task(writer& out, const task_reading& one) {
  out.StartObject();
  field(out, "name", one.name);
  field(out, "running", one.running);
  field(out, "successes", one.successes);
  field(out, "errors", one.errors);
  field(out, "success_rate", one.success_rate);
  field(out, "last_run", unix_seconds(one.last_run));
  field(out, "last_success", unix_seconds(one.last_success));
  field(out, "since_success", std::optional{seconds(one.since_success)});
  field(out, "every", one.every ? std::optional{seconds(*one.every)} : std::nullopt);
  field(out, "last_error", one.last_error);
  out.EndObject();
}

void write_feature(writer& out, const feature_usage& one) {
  out.StartObject();
  field(out, "name", one.name);
  field(out, "total", std::optional{one.total});
  field(out, "subjects", one.subjects);
  out.Key("per_day");
  out.StartArray();
  for (const auto count : one.per_day)
    out.Int64(count);
  out.EndArray();
  out.EndObject();
}

template <class Iterator>
void write_names(writer& out, const char* key, Iterator from, Iterator until) {
  out.Key(key);
  out.StartArray();
  for (; from != until; ++from)
    text(out, from->name);
  out.EndArray();
}

} // namespace

std::string tasks_json(const std::vector<task_reading>& tasks) {
  rapidjson::StringBuffer buffer;
  writer out{buffer};
  out.StartArray();
  for (const auto& one : tasks)
    write_task(out, one);
  out.EndArray();
  return buffer.GetString();
}

std::string feature_status_json(const feature_status& status) {
  rapidjson::StringBuffer buffer;
  writer out{buffer};
  out.StartObject();
  field(out, "noted", status.features);
  field(out, "subjects_waiting", status.waiting);
  field(out, "subjects_left_out", status.left_out);
  out.EndObject();
  return buffer.GetString();
}

std::string features_json(const features_found& found) {
  rapidjson::StringBuffer buffer;
  writer out{buffer};
  out.StartObject();
  out.Key("days");
  out.StartArray();
  for (const auto& day : found.days)
    text(out, day);
  out.EndArray();
  out.Key("features");
  out.StartArray();
  for (const auto& one : found.features)
    write_feature(out, one);
  out.EndArray();
  const auto named = static_cast<std::ptrdiff_t>(std::min(named_max, found.features.size()));
  write_names(out, "most_used", found.features.begin(), found.features.begin() + named);
  write_names(out, "least_used", found.features.rbegin(), found.features.rbegin() + named);
  out.EndObject();
  return buffer.GetString();
}

} // namespace holdfast

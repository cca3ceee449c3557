#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include <rapidjson/document.h>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "config/history_limits.hpp"
#include "config/keys.hpp"
#include "engine/usage_json.hpp"
#include "runtime/clock.hpp"
#include "runtime/history_file.hpp"
#include "runtime/state_folder.hpp"

namespace holdfast::app {

namespace {

using rapidjson::Value;

constexpr std::uint32_t days_max = 31;
constexpr std::size_t shown_whole = 20; // more than that: the first and the last ten

// From the file itself, where there is one.
void add_days(const engine_config& config, std::uint32_t days, features_found& found) {
  const auto path = state_folder::open(config.state_dir).file("history.sqlite");
  if (path.empty())
    return;
  const auto file = history_file::open(path, history_limits_of(config));
  if (!file)
    return;
  const auto now = std::chrono::floor<std::chrono::seconds>(system_clocks()->wall_now());
  for (auto& one : found.features)
    one.per_day = (*file)->per_day(keys::feature_counter(one.name), days, now.time_since_epoch().count());
  const auto today = std::chrono::floor<std::chrono::days>(now);
  for (std::uint32_t ago = days; ago-- > 0;)
    found.days.push_back(day_text((today - std::chrono::days{ago}).time_since_epoch().count()));
}

// Without a serve: totals and subjects from the store. None: the store does not tell.
std::optional<std::string> find_without_serve(invocation& call, std::uint32_t days) {
  short_engine host{call.config};
  host->flush(std::chrono::seconds{1});
  auto found = host->features(days);
  if (found.error != fault::none || !host->status().store.up)
    return std::nullopt;
  add_days(call.config, days, found);
  return features_json(found);
}

void print_feature(const Value& one) {
  const auto subjects = one["subjects"].IsUint64() ? std::to_string(one["subjects"].GetUint64()) : "-";
  std::printf("%-32s %14lld %10s ", one["name"].GetString(), static_cast<long long>(one["total"].GetInt64()), subjects.c_str());
  for (const auto& count : one["per_day"].GetArray())
    std::printf(" %9lld", static_cast<long long>(count.GetInt64()));
  std::putchar('\n');
}

exit_status print_features(const std::string& json) {
  rapidjson::Document answer;
  answer.Parse(json.c_str());
  if (!answer.IsObject() || !answer.HasMember("features") || !answer["features"].IsArray())
    return fail("the answer of the running serve is no list of features");
  const auto& features = answer["features"];
  if (features.Empty()) {
    std::puts("no feature was used yet");
    return exit_status::done;
  }
  std::printf("%-32s %14s %10s ", "FEATURE", "TOTAL", "SUBJECTS");
  for (const auto& day : answer["days"].GetArray())
    std::printf(" %9s", day.GetStringLength() == 10 ? day.GetString() + 5 : day.GetString());
  std::putchar('\n');
  const auto count = features.Size();
  const auto half = static_cast<rapidjson::SizeType>(shown_whole / 2);
  for (rapidjson::SizeType i = 0; i < count; ++i) {
    if (count > shown_whole && i == half) {
      std::printf("... %u more, then the least used:\n", count - 2 * half);
      i = count - half;
    }
    print_feature(features[i]);
  }
  return exit_status::done;
}

} // namespace

exit_status run_features(invocation& call) {
  if (!call.words.empty())
    return refuse_usage("features takes no words; --days=N and --json are accepted");
  std::uint32_t days = 7;
  for (const auto& option : call.extra) {
    const auto value = option.substr(std::min(option.find('='), option.size() - 1) + 1);
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), days);
    if (error != std::errc{} || end != value.data() + value.size() || days < 1 || days > days_max)
      return refuse_usage(option + ": not accepted; accepted: 1 to 31 days");
  }
  const auto folder = state_path_of(call.config);
  std::optional<std::string> json;
  auto answer = ask_serve(folder, "GET", "/api/v1/features?days=" + std::to_string(days));
  const bool told = answer && answer->status == 200;
  if (const auto why = told ? std::nullopt : why_no_counters(call.config))
    return fail(*why);
  if (!told)
    json = find_without_serve(call, days);
  else if (store_of_serve_is_up(folder))
    json = std::move(answer->body);
  if (!json)
    return fail_without_store();
  if (!call.json)
    return print_features(*json);
  std::printf("%s\n", json->c_str());
  return exit_status::done;
}

} // namespace holdfast::app

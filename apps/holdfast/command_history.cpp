#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <optional>

#include <rapidjson/document.h>

#include "apps/holdfast/command.hpp"
#include "apps/holdfast/control_client.hpp"
#include "apps/holdfast/terminal.hpp"
#include "config/history_limits.hpp"
#include "config/option_table.hpp"
#include "engine/monitor_routes.hpp"
#include "runtime/clock.hpp"
#include "runtime/state_folder.hpp"

namespace holdfast::app {

namespace {

constexpr int chart_rows = 8;

std::int64_t now_seconds() {
  return std::chrono::floor<std::chrono::seconds>(system_clocks()->wall_now()).time_since_epoch().count();
}

// Unix seconds, or a duration: so long ago.
std::optional<std::int64_t> read_time(const std::string& text, std::int64_t now) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number > 0)
    return number;
  const auto ago = parse_duration(text, std::chrono::hours{24 * 3653});
  return ago ? std::optional{now - std::chrono::floor<std::chrono::seconds>(*ago).count()} : std::nullopt;
}

std::string clock_text(std::int64_t at, std::int64_t range) {
  char text[32];
  const std::time_t when = at;
  std::tm local{};
  localtime_r(&when, &local);
  std::strftime(text, sizeof text, range > 2 * 86400 ? "%Y-%m-%d %H:%M" : "%H:%M:%S", &local);
  return text;
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) >= 100 ? "%.0f" : "%.3g", value);
  return text;
}

// The highest rate of each column; none where nobody watched.
std::vector<std::optional<double>> columns_of(const history_line& line, const history_range& range, std::size_t width) {
  std::vector<std::optional<double>> columns(width);
  const auto length = std::max<std::int64_t>(range.until - range.since, 1);
  for (const auto& point : line.points) {
    if (!point.rate)
      continue;
    const auto first = std::clamp<std::int64_t>((point.at - range.since) * static_cast<std::int64_t>(width) / length, 0, static_cast<std::int64_t>(width) - 1);
    const auto last = std::clamp<std::int64_t>((point.at + line.step - range.since) * static_cast<std::int64_t>(width) / length, first + 1, static_cast<std::int64_t>(width));
    for (auto i = first; i < last; ++i) {
      auto& column = columns[static_cast<std::size_t>(i)];
      column = std::max(column.value_or(*point.rate), *point.rate);
    }
  }
  return columns;
}

void print_chart(const std::string& key, const history_line& line, const history_range& range) {
  constexpr std::array<const char*, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto width = static_cast<std::size_t>(std::clamp(size_of_terminal().columns - 12, 20, 200));
  const auto columns = columns_of(line, range, width);
  double top = 0;
  for (const auto& column : columns)
    top = std::max(top, column.value_or(0));
  std::printf("%s, per second, every %lld s\n", key.c_str(), static_cast<long long>(line.step));
  for (int row = chart_rows; row > 0; --row) {
    const auto label = row == chart_rows ? number_text(top) : row == 1 ? "0" : "";
    std::printf("%10s |", label.c_str());
    for (const auto& column : columns) {
      const auto eighths = column && top > 0 ? *column / top * chart_rows * 8 - (row - 1) * 8 : 0.0;
      const auto least = column && row == 1 ? 1.0 : 0.0; // watched, but nothing counted
      std::fputs(blocks[static_cast<std::size_t>(std::clamp(eighths, least, 8.0))], stdout);
    }
    std::putchar('\n');
  }
  const auto length = range.until - range.since;
  const auto begin = clock_text(range.since, length);
  const auto end = clock_text(range.until, length);
  std::printf("%11s%s%*s\n", "", begin.c_str(), static_cast<int>(std::max<std::size_t>(width + 1, begin.size()) - begin.size()), end.c_str());
  if (line.points.empty())
    std::puts("nobody watched in this time");
  else
    std::printf("total %lld, %+lld in this time, at most %s per second\n", static_cast<long long>(line.points.back().value),
                static_cast<long long>(line.points.back().value - line.points.front().value), number_text(top).c_str());
}

std::optional<history_line> parse_line(const std::string& json) {
  rapidjson::Document answer;
  answer.Parse(json.c_str());
  if (!answer.IsObject() || !answer.HasMember("points") || !answer["points"].IsArray())
    return std::nullopt;
  history_line line;
  line.known = !answer.HasMember("known") || answer["known"].IsTrue();
  line.step = answer["step"].GetInt64();
  for (const auto& point : answer["points"].GetArray()) {
    line.points.push_back({point["t"].GetInt64(), point["value"].GetInt64(), {}});
    if (point["rate"].IsNumber())
      line.points.back().rate = point["rate"].GetDouble();
  }
  return line;
}

// Without a serve: from the file itself.
expected<std::string, std::string> read_file(const engine_config& config, const std::string& key, const history_range& range) {
  const auto limits = history_limits_of(config);
  if (!limits.keeps_any())
    return unexpected{std::string{"none is kept, --history-10s, --history-1min and --history-1h are all 0"}};
  const auto folder = state_folder::open(config.state_dir);
  if (!folder.problem.empty())
    return unexpected{"the state folder cannot be used: " + folder.problem};
  const auto file = history_file::open(folder.file("history.sqlite"), limits);
  if (!file)
    return unexpected{file.error()};
  auto line = (*file)->read(key, range, now_seconds());
  if (!line)
    return unexpected{line.error().why};
  return history_json({key, std::move(*line), {}});
}

struct history_question {
  history_range range;
  std::string error;
};

history_question read_options(const std::vector<std::string>& options) {
  const auto now = now_seconds();
  history_question question{{now - 3600, now, {}}, {}};
  for (const auto& option : options) {
    const auto equals = option.find('=');
    const auto name = option.substr(0, equals);
    const auto value = equals == std::string::npos ? std::string{} : option.substr(equals + 1);
    const auto at = read_time(value, now);
    const auto step = parse_duration(value);
    if (name == "--since" && at)
      question.range.since = *at;
    else if (name == "--until" && at)
      question.range.until = *at;
    else if (name == "--step" && step && *step >= std::chrono::seconds{1})
      question.range.step = std::chrono::floor<std::chrono::seconds>(*step).count();
    else
      question.error = option + ": not accepted; accepted: a duration such as 10min" + (name == "--step" ? "" : " (so long ago), or Unix seconds");
  }
  return question;
}

} // namespace

exit_status run_history(invocation& call) {
  if (call.words.size() != 1)
    return refuse_usage("history takes one key, such as metrics:cache_hit:symbols_spot");
  const auto& key = call.words.front();
  const auto question = read_options(call.extra);
  if (!question.error.empty())
    return refuse_usage(question.error);
  const auto& range = question.range;
  auto path = "/api/v1/history/" + encode_segment(key) + "?since=" + std::to_string(range.since) + "&until=" + std::to_string(range.until);
  if (range.step)
    path += "&step=" + std::to_string(*range.step);
  std::string json;
  if (const auto answer = ask_serve(state_path_of(call.config), "GET", path); answer && answer->status == 200) {
    json = answer->body;
  } else {
    const auto read = read_file(call.config, key, range);
    if (!read)
      return fail("no history of " + key + ": " + read.error());
    json = *read;
  }
  const auto line = parse_line(json);
  if (!line)
    return fail("the answer of the running serve is no history");
  if (!line->known)
    return fail("no history of " + key + ": no counter of this name was seen");
  if (call.json)
    std::printf("%s\n", json.c_str());
  else
    print_chart(key, *line, range);
  return exit_status::done;
}

} // namespace holdfast::app

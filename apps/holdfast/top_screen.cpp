#include "apps/holdfast/top_screen.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <vector>

#include "apps/holdfast/status_reading.hpp"
#include "apps/holdfast/terminal_text.hpp"
#include "runtime/printable.hpp"

namespace holdfast::app {

namespace {

using rapidjson::Value;

constexpr std::size_t line_bytes_max = 4096; // more than a line of any terminal takes

std::string length(const Value& of, const char* name) {
  const auto& value = part(of, name);
  return value.IsInt64() ? std::to_string(value.GetInt64()) + " s" : "-";
}

// Lines that are cut where the terminal ends. What came from outside must not steer the terminal: nothing in them does.
class page {
public:
  page(terminal_size size, bool bold) : size_{size}, bold_{bold} {}

  int left() const { return size_.rows - used_; }

  void line(const std::string& from, bool wrong = false) {
    if (left() <= 0)
      return;
    const auto clean = printable(from, line_bytes_max);
    const std::string text{beginning_of(clean, size_.columns)};
    if (used_++ > 0)
      out_ += '\n';
    out_ += wrong && bold_ ? "\x1b[1;31m" + text + "\x1b[0m" : text;
  }
  std::string take() { return std::move(out_); }

private:
  terminal_size size_;
  bool bold_;
  int used_ = 0;
  std::string out_;
};

template <class... Words>
std::string format(const char* how, Words... words) {
  char buffer[512];
  std::snprintf(buffer, sizeof buffer, how, words...);
  return buffer;
}

std::optional<double> rate_of(const top_sample& now, const top_sample* before, const std::string& key) {
  if (!before || now.at <= before->at)
    return std::nullopt;
  const auto old = before->counters.find(key);
  const auto current = now.counters.find(key);
  if (old == before->counters.end() || current == now.counters.end())
    return std::nullopt;
  return static_cast<double>(current->second - old->second) / std::chrono::duration<double>{now.at - before->at}.count();
}

std::string rate_text(std::optional<double> rate) { return rate ? format("%.1f", *rate) : "-"; }

void draw_markets(page& out, const top_sample& now, const top_sample* before) {
  out.line(format("%-8s %-6s %8s %8s %-12s %8s %9s %9s", "MARKET", "STATE", "AGE", "SYMBOLS", "SOURCE", "NEXT", "HITS/S", "MISSES/S"));
  for (const char* name : {"spot", "futures"}) {
    const auto& market = part(part(now.status, "markets"), name);
    const bool stale = !part(market, "stale").IsFalse();
    out.line(format("%-8s %-6s %8s %8" PRId64 " %-12s %8s %9s %9s", name, stale ? "STALE" : "fresh", length(market, "age").c_str(),
                    number(market, "count"), text(market, "source").c_str(), length(market, "next_refresh_in").c_str(),
                    rate_text(rate_of(now, before, std::string{"metrics:cache_hit:symbols_"} + name)).c_str(),
                    rate_text(rate_of(now, before, std::string{"metrics:cache_miss:symbols_"} + name)).c_str()),
             stale);
  }
}

void draw_fetchers(page& out, const top_sample& now) {
  out.line(format("%-8s %-10s %-9s %8s %8s %8s %8s  %s", "FETCHER", "STATE", "CIRCUIT", "RESTARTS", "FETCHES", "FAILURES", "WAITS", "LAST ERROR"));
  for (const char* name : {"spot", "futures"}) {
    const auto& fetcher = part(part(now.status, "fetchers"), name);
    const bool wrong = text(fetcher, "state") != "running" || text(fetcher, "circuit") != "closed";
    out.line(format("%-8s %-10s %-9s %8" PRId64 " %8" PRId64 " %8" PRId64 " %8s  ", name,
                    text(fetcher, "state").c_str(), text(fetcher, "circuit").c_str(), number(fetcher, "restarts"),
                    number(fetcher, "fetches"), number(fetcher, "failures"), length(fetcher, "forbidden_for").c_str())
                 + text(fetcher, "last_error"),
             wrong);
  }
}

// The busiest first, then by name.
void draw_counters(page& out, const top_sample& now, const top_sample* before, int rows) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [key, value] : now.counters)
    order.emplace_back(-std::abs(rate_of(now, before, key).value_or(0)), key);
  std::sort(order.begin(), order.end());
  out.line(format("%16s %12s  %s", "VALUE", "PER SECOND", "COUNTER"));
  for (const auto& [rate, key] : order) {
    if (--rows <= 0)
      break;
    out.line(format("%16" PRId64 " %12s  ", now.counters.at(key), rate_text(rate_of(now, before, key)).c_str()) + key);
  }
}

// An hour says nothing of an event of last week.
std::string moment(std::time_t when, std::time_t now) {
  std::tm then{};
  std::tm today{};
  localtime_r(&when, &then);
  localtime_r(&now, &today);
  const bool same_day = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
  char text[32];
  std::strftime(text, sizeof text, same_day ? "%H:%M:%S" : "%a %F %H:%M:%S", &then);
  return text;
}

void draw_events(page& out, const top_sample& now) {
  out.line("EVENTS");
  const auto& events = part(now.status, "events");
  if (!events.IsArray())
    return;
  for (const auto& one : events.GetArray()) {
    if (out.left() <= 0)
      return;
    const auto count = number(one, "count");
    out.line(moment(number(one, "last"), now.now) + ' ' + text(one, "subject") + ' ' + text(one, "kind")
             + (count > 1 ? " x" + std::to_string(count) : "") + ' ' + text(one, "detail"));
  }
}

} // namespace

std::optional<top_sample> read_sample(const std::string& status, const std::string& counters, std::chrono::nanoseconds at) {
  top_sample sample;
  sample.at = at;
  sample.status.Parse(status.c_str());
  rapidjson::Document values;
  values.Parse(counters.c_str());
  if (!sample.status.IsObject() || !values.IsObject())
    return std::nullopt;
  // By count: under C++20 clang finds RapidJSON's member iterators ambiguous to compare.
  auto one = values.MemberBegin();
  for (auto left = values.MemberCount(); left > 0; --left, ++one)
    if (one->value.IsInt64())
      sample.counters.emplace(one->name.GetString(), one->value.GetInt64());
  return sample;
}

std::string draw_top(const top_sample& now, const top_sample* before, terminal_size size, bool bold) {
  page out{size, bold};
  const auto& store = part(now.status, "store");
  const auto& ledger = part(now.status, "ledger");
  const bool up = is_true(store, "up");
  const bool refuses = part(store, "takes_writes").IsFalse();
  out.line("holdfast " + text(now.status, "version") + "   store " + text(store, "kind")
             + (!up ? " DOWN" : refuses ? " TAKES NO WRITES" : " up") + "   ledger " + text(ledger, "rows") + " rows, "
             + text(ledger, "pending_rows") + " pending, " + text(ledger, "set_aside_rows") + " set aside",
           !up || refuses);
  if (const auto why = text(store, "last_error"); (!up || refuses) && !why.empty())
    out.line(why, true);
  if (const auto silent = silent_parts(now.status); !silent.empty())
    out.line("NO ANSWER from " + silent + "; what is told of it is from before", true);
  draw_markets(out, now, before);
  draw_fetchers(out, now);
  const int rest = out.left();
  const int events = std::clamp(rest / 3, 0, 12);
  if (rest > 3)
    draw_counters(out, now, before, rest - events);
  if (events > 1)
    draw_events(out, now);
  return out.take();
}

} // namespace holdfast::app

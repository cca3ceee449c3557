#include <charconv>
#include <cmath>

#include "engine/metrics.hpp"

namespace holdfast {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[32];
    constexpr double exact = 9007199254740992.0; // whole numbers up to here read better without an exponent
    const bool whole = std::trunc(value) == value && std::fabs(value) < exact;
    const auto end = whole ? std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(value)).ptr
                           : std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, end);
  }
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix, const ClientMetric& metric, double value,
                   const double* bound = nullptr) {
  out.append(name).append(suffix);
  char separator = '{';
  for (const auto& label : metric.label) {
    out += separator;
    out.append(label.name).append("=\"");
    append_escaped(out, label.value, true);
    out += '"';
    separator = ',';
  }
  if (bound) {
    out += separator;
    out += "le=\"";
    append_number(out, *bound);
    out += '"';
    separator = ',';
  }
  if (separator == ',')
    out += '}';
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const ClientMetric& metric) {
  for (const auto& bucket : metric.histogram.bucket)
    append_sample(out, name, "_bucket", metric, static_cast<double>(bucket.cumulative_count), &bucket.upper_bound);
  append_sample(out, name, "_sum", metric, metric.histogram.sample_sum);
  append_sample(out, name, "_count", metric, static_cast<double>(metric.histogram.sample_count));
}

} // namespace

std::string to_text(const std::vector<prometheus::MetricFamily>& all) {
  std::string out;
  std::size_t series = 0;
  for (const auto& family : all)
    series += family.metric.size();
  out.reserve(series * 96 + all.size() * 256);
  for (const auto& family : all) {
    const bool counts = family.type == MetricType::Counter;
    const bool spreads = family.type == MetricType::Histogram;
    out.append("# HELP ").append(family.name).append(" ");
    append_escaped(out, family.help, false);
    out.append("\n# TYPE ").append(family.name).append(counts ? " counter\n" : spreads ? " histogram\n" : " gauge\n");
    for (const auto& metric : family.metric) {
      if (spreads)
        append_histogram(out, family.name, metric);
      else
        append_sample(out, family.name, {}, metric, counts ? metric.counter.value : metric.gauge.value);
    }
  }
  return out;
}

} // namespace holdfast

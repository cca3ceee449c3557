// Private to the metrics: how families of series are put together.
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "runtime/duration_histogram.hpp"

namespace holdfast {

struct engine_snapshot;
struct telemetry;

using labels = std::vector<prometheus::ClientMetric::Label>;
using families = std::vector<prometheus::MetricFamily>;

// One family under construction.
class family {
public:
  family(families& into, std::string name, std::string help, prometheus::MetricType type)
    : metric_{into.emplace_back(prometheus::MetricFamily{std::move(name), std::move(help), type, {}})} {}

  void add(labels with, double value) {
    auto& one = metric_.metric.emplace_back();
    one.label = std::move(with);
    (metric_.type == prometheus::MetricType::Counter ? one.counter.value : one.gauge.value) = value;
  }
  void add(labels with, std::uint64_t value) { add(std::move(with), static_cast<double>(value)); }
  void add(labels with, const duration_histogram& taken) {
    auto& one = metric_.metric.emplace_back();
    one.label = std::move(with);
    const auto counts = taken.read();
    auto& out = one.histogram;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      out.sample_count += counts[i];
      const bool last = i == duration_histogram::bounds.size();
      out.bucket.push_back({out.sample_count, last ? std::numeric_limits<double>::infinity() : duration_histogram::bounds[i]});
    }
    out.sample_sum = taken.sum_seconds();
  }
  void reserve(std::size_t series) { metric_.metric.reserve(series); }

private:
  prometheus::MetricFamily& metric_;
};

inline family counter_of(families& into, std::string name, std::string help) {
  return {into, std::move(name), std::move(help), prometheus::MetricType::Counter};
}
inline family gauge_of(families& into, std::string name, std::string help) {
  return {into, std::move(name), std::move(help), prometheus::MetricType::Gauge};
}
inline family histogram_of(families& into, std::string name, std::string help) {
  return {into, std::move(name), std::move(help), prometheus::MetricType::Histogram};
}

inline double in_seconds(std::chrono::nanoseconds length) { return std::chrono::duration<double>{length}.count(); }

// metrics_usage.cpp: tasks and what is said of names and features.
// `now` null: nothing was gathered yet.
void add_usage(families& out, const telemetry& watched, const engine_snapshot* now);

} // namespace holdfast

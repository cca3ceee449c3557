// Everything that an engine measures, for Prometheus. A host that has a prometheus-cpp exposer of its own registers it in
// one line, exposer.RegisterCollectable(engine.metrics()); the gateway serves the same at /metrics.
//
// Threads  any.
// Cost     reads the monitor's newest snapshot and relaxed atomics: asks no actor, waits for no store, takes no lock of a
//          hot path. 10,000 series take a few milliseconds.
// Bounds   at most `store_values_max` counters of the store have a series of their own; the rest, and keys of other programs
//          that are too long or no clean text, are summed up in holdfast_store_value{type="overflow",context="overflow"}.
// Engines  several in one process tell series of the same names: each goes to an exposer, or an address, of its own.
// Restart  the counters of this process begin at zero, as Prometheus expects; holdfast_store_value goes on.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <holdfast/messages/snapshot.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/telemetry.hpp>

namespace holdfast {

class metrics final : public prometheus::Collectable {
public:
  metrics(snapshot_holder_ptr snapshots, telemetry_ptr watched, clock_ptr clock, std::size_t store_values_max = 10'000);

  std::vector<prometheus::MetricFamily> Collect() const override;
  // The same in Prometheus' text format.
  std::string text() const;

private:
  snapshot_holder_ptr snapshots_;
  telemetry_ptr watched_;
  clock_ptr clock_;
  std::size_t store_values_max_;
};

// The families in Prometheus' text format, version 0.0.4.
std::string to_text(const std::vector<prometheus::MetricFamily>& families);

} // namespace holdfast

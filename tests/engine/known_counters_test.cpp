#define CAF_SUITE known_counters

#include "engine/known_counters.hpp"

#include "caf/test/dsl.hpp"

using namespace holdfast;

namespace {

counter_reading reading(const std::string& key, std::int64_t value, counter_source source = counter_source::redis) {
  counter_reading one;
  one.key = key;
  one.value = value;
  one.exists = true;
  one.source = source;
  return one;
}

engine_snapshot snapshot_of(std::vector<counter_reading> readings) {
  engine_snapshot made;
  made.values = std::make_shared<counter_readings>(counter_readings{std::move(readings), true, fault::none});
  return made;
}

std::string text_of(const counter_readings& found) {
  std::string text;
  for (const auto& one : found.readings)
    text += one.key + '=' + std::to_string(one.value) + (one.source == counter_source::ledger ? "? " : " ");
  return text;
}

} // namespace

CAF_TEST(counters that only the snapshot has are added in the order of their keys) {
  const auto newest =
      snapshot_of({reading("metrics:a:foreign", 7), reading("metrics:b:own", 1), reading("orders:sent", 2)});
  counter_readings found{{reading("metrics:b:own", 5), reading("metrics:c:new", 1)}, true, fault::none};
  add_known(found, "metrics:*", &newest);
  CAF_CHECK_EQUAL(text_of(found), "metrics:a:foreign=7 metrics:b:own=5 metrics:c:new=1 ");
}

CAF_TEST(while the store does not tell which there are the others do not vanish and are no news of it) {
  const auto newest = snapshot_of({reading("metrics:a:other", 7), reading("metrics:b:own", 1)});
  counter_readings found{{reading("metrics:b:own", 5, counter_source::ledger)}, false, fault::none};
  add_known(found, "metrics:*", &newest);
  CAF_CHECK_EQUAL(text_of(found), "metrics:a:other=7? metrics:b:own=5? ");
}

CAF_TEST(a counter of which only the name is known is no zero) {
  auto named = reading("metrics:a:other", 0, counter_source::ledger);
  named.exists = false;
  counter_readings found{{named}, true, fault::none};
  auto without = found;
  const auto newest = snapshot_of({reading("metrics:a:other", 7)});
  add_known(found, "metrics:*", &newest);
  CAF_CHECK_EQUAL(text_of(found), "metrics:a:other=7? ");
  add_known(without, "metrics:*", nullptr);
  CAF_CHECK_EQUAL(text_of(without), "");
}

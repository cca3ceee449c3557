#include <algorithm>
#include <memory>

#include "actors/feature_keeper_parts.hpp"

namespace holdfast::feature_keeper_parts {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::size_t features_listed_max = 1000;
constexpr std::uint32_t days_max = 366;

// What is gathered for one question. Answered when the last part has come or failed.
struct gathering {
  caf::typed_response_promise<features_found> promise;
  features_found found;
  std::vector<std::string> keys; // of the features, in the same order
  std::size_t missing = 2;

  void one_less() {
    if (--missing == 0)
      promise.deliver(std::move(found));
  }
};
using gathering_ptr = std::shared_ptr<gathering>;

void take_totals(gathering& into, const counter_readings& totals) {
  const auto prefix = keys::feature_counter("");
  for (const auto& reading : totals.readings)
    if (reading.is_integer && reading.key.size() > prefix.size() && reading.key.starts_with(prefix))
      into.found.features.push_back({reading.key.substr(prefix.size()), reading.value, {}, {}});
  auto& features = into.found.features;
  std::sort(features.begin(), features.end(), [](const feature_usage& a, const feature_usage& b) {
    return a.total != b.total ? a.total > b.total : a.name < b.name;
  });
  if (features.size() > features_listed_max)
    features.resize(features_listed_max);
  for (const auto& one : features)
    into.keys.push_back(keys::feature_counter(one.name));
}

void take_days(gathering& into, history_days& days, std::uint32_t wanted) {
  auto& features = into.found.features;
  if (!days.kept || days.growth.size() != features.size())
    return;
  for (std::uint32_t i = 0; i < wanted; ++i)
    into.found.days.push_back(day_text(days.today - wanted + 1 + i));
  for (std::size_t i = 0; i < features.size(); ++i)
    features[i].per_day = std::move(days.growth[i]);
}

void take_subjects(gathering& into, const store_distinct_found& counts) {
  for (std::size_t i = 0; i < std::min(counts.counts.size(), into.found.features.size()); ++i)
    into.found.features[i].subjects = counts.counts[i];
}

void ask_for_the_rest(self_pointer self, const gathering_ptr& into, std::uint32_t days, boot_time deadline) {
  const auto& state = self->state;
  const auto wait = std::max<nanoseconds>((deadline - state.clock->boot_now()) * 9 / 10, 1ms);
  store_count_distinct question{{}, deadline};
  for (const auto& key : into->keys)
    question.keys.push_back(keys::distinct(key));
  self->request(state.store, wait, std::move(question))
    .then(
      [into](const store_distinct_found& counts) {
        take_subjects(*into, counts);
        into->one_less();
      },
      [into](const caf::error&) { into->one_less(); });
  self->request(state.history, wait, history_days_wanted{into->keys, days})
    .then(
      [into, days](history_days& growth) {
        take_days(*into, growth, days);
        into->one_less();
      },
      [into](const caf::error&) { into->one_less(); });
}

} // namespace

caf::typed_response_promise<features_found> tell(self_pointer self, const features_wanted& wanted) {
  auto into = std::make_shared<gathering>();
  into->promise = self->make_response_promise<features_found>();
  const auto days = std::clamp<std::uint32_t>(wanted.days, 1, days_max);
  const auto deadline = wanted.deadline;
  const auto wait = std::max<nanoseconds>((deadline - self->state.clock->boot_now()) / 2, 1ms);
  self->request(self->state.counters, wait, read_counters{keys::feature_counter("*"), self->state.clock->boot_now() + wait * 9 / 10})
    .then(
      [self, into, days, deadline](const counter_readings& totals) {
        take_totals(*into, totals);
        ask_for_the_rest(self, into, days, deadline);
      },
      [into](const caf::error& why) {
        into->found.error = fault_of(why);
        into->promise.deliver(std::move(into->found));
      });
  return into->promise;
}

} // namespace holdfast::feature_keeper_parts

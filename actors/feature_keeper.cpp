#include "actors/feature_keeper.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "actors/feature_keeper_parts.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using namespace feature_keeper_parts;

constexpr std::size_t batch_max = 512;
constexpr auto patience = 3s;
constexpr auto pause_after_failure = 5s;

boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

// What a subject is called in the store's sketch: its hash in 16 hex digits.
std::string element_of(std::uint64_t hash) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(16, '0');
  for (auto at = text.rbegin(); hash != 0; hash >>= 4)
    *at++ = digits[hash & 15];
  return text;
}

// A batch of those that are not in the store.
std::vector<std::uint64_t> waiting_of(const feature_subjects& noted, const brought_subjects& brought) {
  std::vector<std::uint64_t> waiting;
  noted.for_each([&](std::uint64_t hash) {
    if (waiting.size() < batch_max && !brought.in_store.contains(hash))
      waiting.push_back(hash);
  });
  return waiting;
}

// Subjects that are in the store make room for new ones.
void make_room(feature_subjects& noted, brought_subjects& brought) {
  if (noted.size() <= feature_subjects::room / 2)
    return;
  for (const auto hash : brought.in_store)
    noted.remove(hash);
  brought.in_store.clear();
}

using told_end = std::function<void(bool)>;

void finish(brought_subjects& brought, bool good) {
  brought.under_way = false;
  for (const auto& end : std::exchange(brought.ends, {}))
    end(good);
}

// Batch after batch, until nothing is left. Features live as long as the table.
void bring_next(self_pointer self, feature_account& feature, boot_time deadline) {
  auto& brought = self->state.brought[feature.name()];
  auto* noted = feature.subjects();
  if (!noted || brought.looked_at == noted->additions())
    return finish(brought, true);
  const auto additions = noted->additions();
  auto batch = waiting_of(*noted, brought);
  if (batch.empty()) {
    brought.looked_at = additions;
    make_room(*noted, brought);
    return finish(brought, true);
  }
  brought.under_way = true;
  store_add_distinct question{keys::distinct(keys::feature_counter(feature.name())), {}, deadline};
  for (const auto hash : batch)
    question.elements.push_back(element_of(hash));
  const auto wait = std::max<std::chrono::nanoseconds>(deadline - now_of(self), 1ms);
  self->request(self->state.store, wait, std::move(question))
    .then(
      [self, &feature, &brought, batch, deadline, forgotten = brought.forgotten](const done&) {
        if (forgotten == brought.forgotten)
          brought.in_store.insert(batch.begin(), batch.end());
        bring_next(self, feature, deadline);
      },
      [self, &brought](const caf::error&) {
        brought.retry_at = now_of(self) + pause_after_failure;
        finish(brought, false);
      });
}

void bring_one(self_pointer self, feature_account& feature, boot_time deadline, told_end then) {
  auto& brought = self->state.brought[feature.name()];
  brought.ends.push_back(std::move(then));
  if (!brought.under_way)
    bring_next(self, feature, deadline);
}

enum class which_features : std::uint8_t { all, without_failure };

void bring(self_pointer self, which_features which, boot_time deadline, told_end then) {
  struct progress {
    std::size_t left = 1;
    bool good = true;
  };
  auto under_way = std::make_shared<progress>();
  const auto ended = [under_way, then = std::move(then)](bool good) {
    under_way->good = under_way->good && good;
    if (--under_way->left == 0)
      then(under_way->good);
  };
  self->state.features->for_each([&](feature_account& feature) {
    if (which == which_features::without_failure && now_of(self) < self->state.brought[feature.name()].retry_at)
      return;
    ++under_way->left;
    bring_one(self, feature, deadline, ended);
  });
  ended(true);
}

caf::typed_response_promise<done> keep_all(self_pointer self, boot_time deadline) {
  auto promise = self->make_response_promise<done>();
  bring(self, which_features::all, deadline, [promise](bool good) mutable {
    if (good)
      promise.deliver(done{});
    else
      promise.deliver(make_error(fault::store_away));
  });
  return promise;
}

feature_status status_of(feature_keeper_state& state) {
  feature_status status;
  status.features = state.features->size();
  state.features->for_each([&](feature_account& feature) {
    status.left_out += feature.left_out();
    const auto* noted = feature.subjects();
    const auto in_store = state.brought[feature.name()].in_store.size();
    if (noted && noted->size() > in_store)
      status.waiting += noted->size() - in_store;
  });
  return status;
}

void on_store_event(self_pointer self, const store_event& event) {
  auto& state = self->state;
  for (auto& [name, one] : state.brought) {
    if (event.change == store_change::identity) {
      one.in_store.clear();
      one.looked_at = 0;
      ++one.forgotten;
    }
    if (event.change != store_change::link_down)
      one.retry_at = {};
  }
}

void on_timer(self_pointer self) {
  bring(self, which_features::without_failure, now_of(self) + patience, [](bool) {});
  self->delayed_send(self, self->state.settings.interval, wake{});
}

} // namespace

feature_keeper_actor::behavior_type feature_keeper(self_pointer self, feature_keeper_settings settings, clock_ptr clock,
                                                   feature_table_ptr features, counter_actor counters, store_actor store,
                                                   history_actor history) {
  auto& state = self->state;
  state.settings = settings;
  state.clock = std::move(clock);
  state.features = std::move(features);
  state.counters = std::move(counters);
  state.store = std::move(store);
  state.history = std::move(history);
  self->send(self, wake{});
  return {
    [self](const features_wanted& wanted) { return tell(self, wanted); },
    [self](const get_feature_status&) { return status_of(self->state); },
    [self](const keep_now& wanted) { return keep_all(self, wanted.deadline); },
    [self](const store_event& event) { on_store_event(self, event); },
    [](const symbols_announced&) {},
    [self](const wake&) { on_timer(self); },
  };
}

} // namespace holdfast

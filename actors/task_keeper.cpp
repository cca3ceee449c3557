#include "actors/task_keeper.hpp"

#include <algorithm>
#include <functional>
#include <memory>

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "config/keys.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using self_pointer = task_keeper_actor::stateful_pointer<task_keeper_state>;

constexpr auto patience = 3s;
constexpr auto pause_after_failure = 5s;
// Clocks of two machines differ by less; what is later than that is nobody's time.
constexpr auto clock_tolerance = 1min;

boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

std::int64_t unix_seconds(wall_time at) { return std::chrono::floor<seconds>(at).time_since_epoch().count(); }

wall_time from_unix(std::int64_t at) { return wall_time{seconds{at}}; }

struct time_to_keep {
  std::string key;
  std::int64_t at;
};

// What the store is not known to have.
std::vector<time_to_keep> changes(const task_keeper_state& state) {
  std::vector<time_to_keep> found;
  const auto add = [&](std::string key, std::optional<wall_time> at) {
    const auto kept = state.kept.find(key);
    if (at && (kept == state.kept.end() || kept->second < unix_seconds(*at)))
      found.push_back({std::move(key), unix_seconds(*at)});
  };
  for (const auto& one : state.board->read()) {
    add(keys::task_last_run(one.name), one.last_run);
    add(keys::task_last_success(one.name), one.last_success);
  }
  return found;
}

// `then` hears whether all of it is in the store.
void bring(self_pointer self, boot_time deadline, std::function<void(bool)> then) {
  auto wanted = changes(self->state);
  if (wanted.empty())
    return then(true);
  struct progress {
    std::size_t left;
    bool good = true;
  };
  auto under_way = std::make_shared<progress>(progress{wanted.size()});
  const auto ended = [under_way, then](bool good) {
    under_way->good = under_way->good && good;
    if (--under_way->left == 0)
      then(under_way->good);
  };
  const auto wait = std::max<std::chrono::nanoseconds>(deadline - now_of(self), 1ms);
  for (auto& one : wanted)
    self->request(self->state.store, wait, store_raise{one.key, one.at, deadline})
      .then(
        [self, one, ended](const done&) {
          self->state.kept[one.key] = one.at;
          ended(true);
        },
        [self, ended](const caf::error&) {
          self->state.retry_at = now_of(self) + pause_after_failure;
          ended(false);
        });
}

// A time that the store has. It is in the future where somebody's clock was wrong: raising would never get past it.
std::optional<wall_time> take(self_pointer self, const std::string& key, const std::optional<std::int64_t>& stored,
                              std::optional<wall_time> own) {
  auto& state = self->state;
  // Missing, or less than what we brought: the store was emptied or went back. It is brought again.
  state.kept[key] = stored.value_or(INT64_MIN);
  if (!stored)
    return std::nullopt;
  const auto now = state.clock->wall_now();
  const auto at = from_unix(std::clamp<std::int64_t>(*stored, 0, INT32_MAX * std::int64_t{100}));
  if (at <= now + clock_tolerance)
    return at;
  if (own)
    self->request(state.store, patience, store_write{key, std::to_string(unix_seconds(*own)), {}, now_of(self) + patience})
      .then([](const done&) {}, [](const caf::error&) {});
  return std::nullopt;
}

void look(self_pointer self) {
  auto& state = self->state;
  const auto tasks = state.board->read();
  if (tasks.empty() || now_of(self) < state.look_at)
    return;
  state.look_at = now_of(self) + state.settings.look_interval;
  store_read_counters question{{}, now_of(self) + patience};
  for (const auto& one : tasks) {
    question.reads.push_back({keys::task_last_run(one.name), {}});
    question.reads.push_back({keys::task_last_success(one.name), {}});
  }
  self->request(state.store, patience, std::move(question))
    .then(
      [self, tasks](const store_counters_found& answer) {
        if (answer.found.size() != 2 * tasks.size())
          return;
        std::size_t at = 0;
        for (const auto& one : tasks) {
          const auto run = take(self, keys::task_last_run(one.name), answer.found[at].value, one.last_run);
          const auto success = take(self, keys::task_last_success(one.name), answer.found[at + 1].value, one.last_success);
          self->state.board->learn(one.name, run, success);
          at += 2;
        }
      },
      [](const caf::error&) {});
}

caf::typed_response_promise<done> keep_all(self_pointer self, boot_time deadline) {
  auto promise = self->make_response_promise<done>();
  bring(self, deadline, [promise](bool good) mutable {
    if (good)
      promise.deliver(done{});
    else
      promise.deliver(make_error(fault::store_away));
  });
  return promise;
}

void on_timer(self_pointer self) {
  look(self);
  if (now_of(self) >= self->state.retry_at)
    bring(self, now_of(self) + patience, [](bool) {});
  self->delayed_send(self, self->state.settings.interval, wake{});
}

} // namespace

task_keeper_actor::behavior_type task_keeper(self_pointer self, task_keeper_settings settings, clock_ptr clock,
                                             task_board_ptr board, store_actor store) {
  auto& state = self->state;
  state.settings = settings;
  state.clock = std::move(clock);
  state.board = std::move(board);
  state.store = std::move(store);
  self->send(self, wake{});
  return {
    [self](const keep_now& wanted) { return keep_all(self, wanted.deadline); },
    [self](const store_event& event) {
      if (event.change == store_change::identity)
        self->state.kept.clear();
      if (event.change != store_change::link_down)
        self->state.retry_at = self->state.look_at = {};
    },
    [](const symbols_announced&) {},
    [self](const wake&) { on_timer(self); },
  };
}

} // namespace holdfast

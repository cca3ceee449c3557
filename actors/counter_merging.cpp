#include <algorithm>
#include <string_view>

#include <caf/typed_event_based_actor.hpp>

#include "actors/counter_parts.hpp"
#include "actors/counter_reads.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/log.hpp"

namespace holdfast::counter_parts {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t rows_per_batch = 256;
constexpr std::size_t batches_per_ledger = 2;
constexpr std::size_t verify_ramp_first = 64;
constexpr std::size_t verify_ramp_most = 1024;
constexpr std::size_t adopted_at_once = 8;
constexpr auto merge_patience = 2s;
constexpr auto adopt_interval = 5s;
constexpr auto verify_interval = 24h;
constexpr std::size_t adopted_max = 64; // with those whose rows the store refuses

drain_view view_of(const counter_state& state) {
  const auto wall = std::chrono::floor<std::chrono::seconds>(state.clock->wall_now()).time_since_epoch().count();
  return {state.clock->boot_now(), wall, state.past, &state.traces};
}

// The store is not what it was, or a day has passed: every row is compared with it, ramped, and heals. Who was copied and
// retired elsewhere learns of it long before the store forgets retired writers.
void verify_all(counter_state& state) {
  state.verify_at = state.clock->boot_now() + verify_interval;
  state.verify_ramp = state.verify_budget = verify_ramp_first;
  for (auto& [number, ledger] : state.ledgers)
    ledger->verify_all();
}

void note_epoch(counter_state& state, const std::string& epoch_text) {
  const auto epoch = ledger_id_from(epoch_text);
  if (state.ever_answered && epoch != state.past.epoch) {
    if (is_set(state.past.epoch)) // an epoch that was missing tells of the same event as the new one
      state.traces.forget();
    verify_all(state);
  }
  state.ever_answered = true;
  state.past.epoch = epoch;
}

// What the rows of all ledgers tell of the store's past, before any of them is judged by it.
void note_traces(counter_state& state, const merge_batch& asked, const std::vector<merge_verdict>& verdicts) {
  for (std::size_t i = 0; i < std::min(asked.requests.size(), verdicts.size()); ++i)
    state.traces.note(asked.requests[i], verdicts[i], state.past.epoch);
}

void judge_past(counter_state& state) {
  state.past.asked_others = std::none_of(state.ledgers.begin(), state.ledgers.end(),
                                         [](const auto& one) { return one.second->has_unasked(); });
}

std::uint64_t missing_rows(const counter_state& state, waiting_rows& waiting, bool& hopeless) {
  std::erase_if(waiting.targets, [&](const auto& target) {
    const auto ledger = state.ledgers.find(target.ledger);
    return ledger == state.ledgers.end() || ledger->second->arrived(target.row, target.sums);
  });
  hopeless = std::all_of(waiting.targets.begin(), waiting.targets.end(), [&](const auto& target) {
    return state.ledgers.at(target.ledger)->row_set_aside(target.row);
  });
  return waiting.targets.size() + waiting.left;
}

void store_failed(self_pointer self) {
  auto& state = self->state;
  state.retry_at = std::max(state.retry_at, now_of(self) + state.retry.ceiling() / 2 + state.retry.next());
}

void start_merge(self_pointer self, std::uint64_t number, merge_batch next) {
  auto& state = self->state;
  ++state.ledgers.at(number)->batches_under_way;
  const auto began = now_of(self);
  store_merge question{{}, began + merge_patience};
  for (const auto& request : next.requests)
    question.rows.push_back(request.row);
  const auto batch = std::make_shared<const merge_batch>(std::move(next));
  self->request(state.store, merge_patience + 500ms, std::move(question))
    .then(
      [self, number, batch, began](const store_merge_reply& reply) {
        auto& here = self->state;
        here.settings.watched->flush_duration.observe(now_of(self) - began);
        auto& ledger = *here.ledgers.at(number); // it is not finished while a batch is under way
        --ledger.batches_under_way;
        ++here.status.merged_batches;
        here.retry.reset();
        note_epoch(here, reply.epoch);
        note_traces(here, *batch, reply.verdicts);
        judge_past(here);
        ledger.take(*batch, reply.verdicts, view_of(here));
        drain(self);
      },
      [self, number, batch](const caf::error&) {
        auto& ledger = *self->state.ledgers.at(number);
        --ledger.batches_under_way;
        ledger.give_up(*batch);
        store_failed(self);
        answer_waiting(self);
      });
}

void keep_aside(counter_state& state, const draining_ledger& ledger, std::string_view why) {
  logger()->warn("ledger set aside file={} reason={}", log_value(ledger.file().path()), log_value(why));
  set_ledger_aside(ledger.file().path());
  ++state.status.damaged_ledgers;
}

// Who waits for what is left in it is told that it has not arrived.
void give_up_targets(counter_state& state, std::uint64_t number, const draining_ledger& ledger) {
  for (auto& waiting : state.waiting)
    waiting.left += std::erase_if(waiting.targets, [&](const auto& target) {
      return target.ledger == number && !ledger.arrived(target.row, target.sums);
    });
}

// Those whose rows the store refuses are kept open, but not until it has forgotten what of them was merged.
void leave_outdated(counter_state& state) {
  const auto wall = view_of(state).wall_seconds;
  std::erase_if(state.ledgers, [&](const auto& one) {
    if (one.first == 0 || one.second->batches_under_way > 0 || !one.second->file().outdated(wall))
      return false;
    remember_as_brought(state, *one.second);
    give_up_targets(state, one.first, *one.second);
    state.status.ambiguous_merges += one.second->ambiguous();
    keep_aside(state, *one.second, "the store refused some of it for too long");
    return true;
  });
}

void leave_finished(counter_state& state) {
  std::erase_if(state.ledgers, [&](auto& one) {
    if (one.first == 0 || !one.second->finished())
      return false;
    remember_as_brought(state, *one.second);
    state.status.ambiguous_merges += one.second->ambiguous();
    if (one.second->went_back())
      keep_aside(state, *one.second, "rows of it went back");
    else
      one.second->remove_file();
    if (state.more_to_adopt)
      state.adopt_at = {};
    return true;
  });
}

} // namespace

void add_targets(std::vector<waiting_rows::target>& into, std::uint64_t number, const draining_ledger& ledger) {
  for (std::uint32_t row = 0; row < ledger.file().row_count(); ++row)
    if (const auto sums = ledger.file().sums(row); !ledger.arrived(row, sums))
      into.push_back({number, row, sums});
}

void answer_waiting(self_pointer self) {
  auto& state = self->state;
  const auto now = now_of(self);
  std::erase_if(state.waiting, [&](auto& waiting) {
    bool hopeless = false; // rows that are set aside are not tried again in any reasonable time
    const auto missing = missing_rows(state, waiting, hopeless);
    const bool more = waiting.adopted_too && state.more_to_adopt;
    if ((!hopeless || more) && now < waiting.deadline)
      return false;
    waiting.answer(missing + (more ? 1 : 0));
    return true;
  });
}

void adopt(self_pointer self) {
  auto& state = self->state;
  if (state.settings.folder.empty() || now_of(self) < state.adopt_at)
    return;
  leave_outdated(state);
  if (state.ledgers.size() > adopted_max) {
    if (!std::exchange(state.stuck_said, true))
      logger()->warn("the store refuses what these ledgers hold, further ones wait until it takes them ledgers={}", adopted_max);
    return;
  }
  state.stuck_said = false;
  const auto adopting = static_cast<std::size_t>(
    std::count_if(state.ledgers.begin(), state.ledgers.end(),
                  [](const auto& one) { return one.first != 0 && !one.second->stuck(); }));
  if (adopting >= adopted_at_once)
    return;
  std::uniform_int_distribution<std::int64_t> jitter{0, std::chrono::nanoseconds{adopt_interval}.count() / 5};
  state.adopt_at = now_of(self) + adopt_interval - std::chrono::nanoseconds{jitter(state.random)};
  const auto wall = view_of(state).wall_seconds;
  const auto room = std::min(adopted_at_once - adopting, adopted_max + 1 - state.ledgers.size());
  auto files = adopt_ledgers(state.settings.folder, state.status.damaged_ledgers, wall, room, state.settings.store);
  state.more_to_adopt = files.size() == room;
  for (auto& file : files) {
    const auto number = ++state.ledger_numbers;
    const auto& taken
      = *state.ledgers.emplace(number, std::make_unique<draining_ledger>(std::move(file))).first->second;
    remember_as_adopted(state, taken);
    for (auto& waiting : state.waiting)
      if (waiting.adopted_too)
        add_targets(waiting.targets, number, taken);
  }
}

void drain(self_pointer self) {
  auto& state = self->state;
  if (state.verify_at == boot_time{})
    state.verify_at = now_of(self) + verify_interval;
  else if (now_of(self) >= state.verify_at)
    verify_all(state);
  if (now_of(self) >= state.retry_at) {
    judge_past(state);
    for (auto& [number, ledger] : state.ledgers)
      while (ledger->batches_under_way < batches_per_ledger) {
        auto next = ledger->next_batch(view_of(state), rows_per_batch, state.verify_budget);
        if (next.requests.empty())
          break;
        start_merge(self, number, std::move(next));
      }
  }
  leave_finished(state);
  answer_waiting(self);
}

void on_store_event(self_pointer self, const store_event& event) {
  auto& state = self->state;
  if (event.change == store_change::link_up) {
    state.retry.reset();
    state.retry_at = {};
  } else if (event.change == store_change::identity) {
    for (auto& [number, ledger] : state.ledgers)
      ledger->forget_findings();
    verify_all(state);
  }
}

void ramp_up(counter_state& state) {
  state.verify_budget = state.verify_ramp;
  state.verify_ramp = std::min(state.verify_ramp * 2, verify_ramp_most);
}

} // namespace holdfast::counter_parts

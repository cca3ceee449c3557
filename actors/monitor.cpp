#include "actors/monitor.hpp"

#include <algorithm>
#include <utility>

#include <caf/typed_event_based_actor.hpp>

#include "config/keys.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/symbol_table.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = monitor_actor::stateful_pointer<monitor_state>;

constexpr auto answer_patience = 900ms;
constexpr auto values_patience = 10s;
constexpr auto rest_after_reading = 9; // times as long as it took
constexpr std::string_view all_metrics = "metrics:*";

boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

void note(self_pointer self, event_kind kind, std::string_view subject, std::string_view detail) {
  self->state.parts.watched->events.note(kind, subject, detail, self->state.clock->wall_now());
}

// Increments of this process, from its ledger.
void count_own(monitor_state& state, engine_snapshot& next) {
  const auto& file = state.parts.ledger->file();
  const auto rows = file.row_count();
  next.increments = 0;
  for (std::uint32_t row = 0; row < rows; ++row) {
    const auto sums = file.sums(row);
    next.increments += sums.added + sums.subtracted;
  }
  const auto total = [&](std::uint32_t& known, std::string_view key) -> std::uint64_t {
    for (std::uint32_t row = 0; known == 0 && row < rows; ++row)
      if (file.key(row) == key)
        known = row + 1;
    return known == 0 ? 0 : file.sums(known - 1).added;
  };
  for (const auto which : all_markets) {
    next.markets[index(which)].hits = total(state.hit_rows[index(which)], keys::cache_hit(which));
    next.markets[index(which)].misses = total(state.miss_rows[index(which)], keys::cache_miss(which));
  }
}

void note_freshness(self_pointer self, market which, market_snapshot& of_market) {
  const auto& published = *of_market.published;
  auto& was = self->state.was_fresh[index(which)];
  const bool fresh = published.fresh(now_of(self));
  if (!published.table || std::exchange(was, fresh) == fresh)
    return;
  of_market.since = self->state.clock->wall_now();
  const auto count = std::to_string(published.table->listed().size());
  note(self, fresh ? event_kind::fresh : event_kind::stale, to_string(which),
       fresh ? count + " symbols from " + std::string{to_string(published.source)}
             : "the list of " + count + " symbols is older than its TTL");
}

void note_circuit(self_pointer self, market which, const fetcher_status& fetcher) {
  auto& was = self->state.was_circuit[index(which)];
  if (was == fetcher.circuit)
    return;
  const bool opened = fetcher.circuit == circuit_state::open && was == circuit_state::closed;
  if (opened)
    note(self, event_kind::circuit_open, to_string(which), fetcher.last_error);
  else if (fetcher.circuit == circuit_state::closed)
    note(self, event_kind::circuit_closed, to_string(which), "");
  was = fetcher.circuit;
}

void note_foreign_store(self_pointer self, market which, bool foreign) {
  if (foreign && !std::exchange(self->state.was_foreign[index(which)], true))
    note(self, event_kind::gate_refusal, to_string(which), "the store holds a list of another configuration (exchange, quote assets)");
}

// While the store is away nobody knows.
void note_writes(self_pointer self, const store_status& store) {
  if (!store.up || std::exchange(self->state.took_writes, store.takes_writes) == store.takes_writes)
    return;
  if (store.takes_writes)
    note(self, event_kind::writes_taken, store.kind, store.endpoint);
  else
    note(self, event_kind::writes_refused, store.kind, store.last_error);
}

void finish_round(self_pointer self) {
  auto& state = self->state;
  auto& next = *state.next;
  next.taken = now_of(self);
  next.values = state.values;
  next.values_read = state.values_read;
  next.values_left_out = state.values_left_out;
  next.values_complete = state.foreign_complete;
  count_own(state, next);
  note_writes(self, next.store);
  for (const auto which : all_markets) {
    auto& one = next.markets[index(which)];
    one.published = state.parts.board->current(which);
    if (const auto& budget = state.parts.budgets[index(which)])
      one.embargo_until = budget->closed_until();
    if (const auto& memory = state.parts.memories[index(which)])
      one.exchange = memory->facts();
    note_freshness(self, which, one);
    note_circuit(self, which, next.supervisor.fetchers[index(which)]);
    note_foreign_store(self, which, next.cache.markets[index(which)].store_is_foreign);
  }
  state.snapshots->replace(std::exchange(state.next, nullptr));
}

template <class Actor, class Question, class Part>
void gather(self_pointer self, const Actor& whom, Question question, Part engine_snapshot::*part, std::string_view name) {
  ++self->state.missing;
  const auto ended = [self, round = self->state.round](auto take) {
    auto& state = self->state;
    if (state.round != round)
      return;
    take(*state.next);
    if (--state.missing == 0)
      finish_round(self);
  };
  self->request(whom, answer_patience, question)
    .then([ended, part](Part& told) { ended([&](engine_snapshot& next) { next.*part = std::move(told); }); },
          [ended, name](const caf::error&) { ended([&](engine_snapshot& next) { next.silent.push_back(name); }); });
}

void start_round(self_pointer self) {
  auto& state = self->state;
  const auto newest = state.snapshots->newest();
  state.next = newest ? std::make_shared<engine_snapshot>(*newest) : std::make_shared<engine_snapshot>();
  state.next->silent.clear();
  state.missing = 0;
  ++state.round;
  const auto& parts = state.parts;
  gather(self, parts.cache, get_cache_status{}, &engine_snapshot::cache, watched_part::cache);
  gather(self, parts.supervisor, get_supervisor_status{}, &engine_snapshot::supervisor, watched_part::fetchers);
  gather(self, parts.last_good, get_last_good_status{}, &engine_snapshot::last_good, watched_part::last_good);
  gather(self, parts.warmup, get_warmup_status{}, &engine_snapshot::warmup, watched_part::warmup);
  gather(self, parts.counters, get_counter_status{}, &engine_snapshot::counters, watched_part::ledger);
  gather(self, parts.store, get_store_status{}, &engine_snapshot::store, watched_part::store);
  gather(self, parts.history, get_history_status{}, &engine_snapshot::history, watched_part::history);
  gather(self, parts.rate_limits, get_rate_limiter_status{}, &engine_snapshot::rate_limits, watched_part::rate_limits);
  gather(self, parts.features, get_feature_status{}, &engine_snapshot::features, watched_part::features);
}

// However it ended: what is too slow to be finished is not to be asked for all of the time.
void end_reading(monitor_state& state, boot_time now) {
  state.reading_values = false;
  state.values_due = std::max(state.values_due, now + rest_after_reading * (now - state.values_began));
}

void end_look_for_foreign(monitor_state& state, boot_time began, boot_time now, std::chrono::nanoseconds until_next) {
  state.looking_for_foreign = false;
  state.foreign_due = std::max(began + until_next, now + rest_after_reading * (now - began));
}

// Only what the store itself has told is told on: while it is away, nobody knows the totals.
void values_arrived(self_pointer self, counter_readings readings) {
  auto& state = self->state;
  end_reading(state, now_of(self));
  const auto& all = readings.readings;
  const auto is_guess = [](const counter_reading& one) { return one.source == counter_source::ledger; };
  if (!readings.all_listed || std::any_of(all.begin(), all.end(), is_guess))
    return;
  auto values = std::make_shared<counter_values>();
  for (const auto& reading : all)
    if (reading.is_integer)
      values->emplace_back(reading.key, reading.value);
  state.values = std::make_shared<const counter_readings>(std::move(readings));
  state.values_read = now_of(self);
  self->send(state.parts.history, history_sample{state.clock->wall_now(), std::move(values)});
}

bool by_key(const counter_reading& a, const counter_reading& b) { return a.key < b.key; }

bool has_key(const counter_readings& readings, const std::string& key) {
  counter_reading wanted;
  wanted.key = key;
  return std::binary_search(readings.readings.begin(), readings.readings.end(), wanted, by_key);
}

std::vector<std::string> time_stamps() {
  std::vector<std::string> known;
  for (const auto which : all_markets)
    known.emplace_back(keys::last_refresh(which));
  return known;
}

// Then those that the counter actor does not know: time stamps, and what other programs count.
void read_foreign(self_pointer self, counter_readings readings) {
  auto& state = self->state;
  store_read_counters question{{}, now_of(self) + values_patience};
  std::vector<std::string> asked;
  auto left_out = state.foreign_left_out;
  for (const auto& key : state.foreign) {
    if (has_key(readings, key))
      continue;
    if (asked.size() == state.settings.foreign_max) {
      ++left_out;
      continue;
    }
    asked.push_back(key);
    question.reads.push_back({key, {}});
  }
  state.values_left_out = left_out;
  self->request(state.parts.store, values_patience, question)
    .then(
      [self, readings, asked](const store_counters_found& found) mutable {
        for (std::size_t i = 0; i < asked.size() && i < found.found.size(); ++i) {
          if (!found.found[i].value)
            continue;
          counter_reading one;
          one.key = asked[i];
          one.value = *found.found[i].value;
          one.exists = true;
          one.source = self->state.settings.store_kind;
          one.as_of = self->state.clock->wall_now();
          readings.readings.push_back(std::move(one));
        }
        std::sort(readings.readings.begin(), readings.readings.end(), by_key);
        values_arrived(self, std::move(readings));
      },
      [self](const caf::error&) { end_reading(self->state, now_of(self)); });
}

void read_values(self_pointer self) {
  auto& state = self->state;
  const auto now = now_of(self);
  if (state.reading_values || now < state.values_due)
    return;
  state.reading_values = true;
  state.values_began = now;
  state.values_due = now + state.settings.values_interval;
  self->request(state.parts.counters, values_patience + 500ms, read_counters{"*", now + values_patience})
    .then([self](counter_readings& readings) { read_foreign(self, std::move(readings)); },
          [self](const caf::error&) { end_reading(self->state, now_of(self)); });
}

void look_for_foreign(self_pointer self) {
  auto& state = self->state;
  const auto now = now_of(self);
  if (state.looking_for_foreign || now < state.foreign_due)
    return;
  state.looking_for_foreign = true;
  self->request(state.parts.store, values_patience, store_list_counters{std::string{all_metrics}, true, now + values_patience})
    .then(
      [self, now](store_keys& found) {
        auto& watching = self->state;
        // Of a large store one look sees a part: until all was seen, the next ones come soon.
        end_look_for_foreign(watching, now, now_of(self), found.complete ? watching.settings.foreign_interval : watching.settings.values_interval);
        watching.foreign_complete = found.complete;
        watching.foreign_left_out = found.left_out;
        const auto known = watching.foreign = time_stamps();
        for (auto& key : found.keys)
          if (std::find(known.begin(), known.end(), key) == known.end())
            watching.foreign.push_back(std::move(key));
      },
      [self, now](const caf::error&) { end_look_for_foreign(self->state, now, now_of(self), self->state.settings.values_interval); });
}

void link_changed(self_pointer self, const store_event& event) {
  auto& state = self->state;
  const auto kind = event.change == store_change::link_up     ? event_kind::link_up
                    : event.change == store_change::link_down ? event_kind::link_down
                                                              : event_kind::store_changed;
  self->request(state.parts.store, answer_patience, get_store_status{})
    .then([self, kind](const store_status& store) {
      note(self, kind, store.kind, kind == event_kind::link_down ? store.last_error : store.endpoint);
    }, [self, kind](const caf::error&) { note(self, kind, "store", ""); });
}

} // namespace

monitor_actor::behavior_type monitor(self_pointer self, monitor_settings settings, clock_ptr clock, monitored parts,
                                     snapshot_holder_ptr snapshots) {
  auto& state = self->state;
  state.settings = settings;
  state.clock = std::move(clock);
  state.parts = std::move(parts);
  state.snapshots = std::move(snapshots);
  state.foreign = time_stamps();
  note(self, event_kind::started, "engine", "");
  self->send(self, wake{});
  return {
    [self](const store_event& event) { link_changed(self, event); },
    [](const symbols_announced&) {},
    [self](const wake&) {
      start_round(self);
      look_for_foreign(self);
      read_values(self);
      self->delayed_send(self, self->state.settings.interval, wake{});
    },
  };
}

} // namespace holdfast

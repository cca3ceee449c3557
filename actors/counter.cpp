#include "actors/counter.hpp"

#include <algorithm>

#include <caf/typed_event_based_actor.hpp>

#include "runtime/glob.hpp"
#include "runtime/ledger_folder.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = counter_actor::stateful_pointer<counter_state>;

constexpr std::size_t rows_per_batch = 256;
constexpr std::size_t remembered_max = 8192;
constexpr auto merge_patience = 2s;
constexpr auto adopt_interval = 5s;
constexpr auto set_aside_for = 60s;
constexpr auto retry_pause = 200ms;

enum wake_reason : std::uint32_t { flush_due };

boot_time now_of(self_pointer self) { return self->state.clock->boot_now(); }

bool row_needs_merge(const draining_ledger& ledger, std::uint32_t row) {
  const auto& state = ledger.rows[row];
  if (state.finished)
    return false;
  const auto sums = ledger.file->sums(row);
  // An adopted row is retired even if nothing of it is missing: its id must never count again.
  return needs_merge(sums, ledger.file->bookkeeping(row))
         || ((state.verify || ledger.role == merge_role::adopter) && sums != ledger_sums{});
}

// What one batch carries, and what it needs to understand the answer.
struct batch {
  std::vector<merge_request> requests;
  std::vector<std::uint32_t> numbers;
};

void set_aside(draining_ledger& ledger, std::uint32_t row, boot_time now, std::string reason) {
  ledger.rows[row].not_before = now + set_aside_for;
  ledger.rows[row].set_aside_for = std::move(reason);
}

batch make_batch(self_pointer self, draining_ledger& ledger) {
  batch next;
  const auto now = now_of(self);
  ledger.rows.resize(ledger.file->row_count());
  std::optional<std::int64_t> retire_at;
  if (ledger.role == merge_role::adopter)
    retire_at = std::chrono::floor<std::chrono::seconds>(self->state.clock->wall_now()).time_since_epoch().count();
  for (std::uint32_t row = 0; row < ledger.rows.size() && next.requests.size() < rows_per_batch; ++row) {
    auto& state = ledger.rows[row];
    if (state.not_before > now || !row_needs_merge(ledger, row))
      continue;
    const auto book = ledger.file->bookkeeping(row);
    auto request = make_merge(ledger.file->key(row), ledger.file->writer(), ledger.file->sums(row), book,
                              state.basis.value_or(usual_basis(book)), retire_at);
    if (!request) {
      set_aside(ledger, row, now, "the difference does not fit 64 bits");
      continue;
    }
    if (request->book.sent != book.sent || request->book.own_generation != book.own_generation)
      ledger.file->set_bookkeeping(row, request->book);
    next.requests.push_back(std::move(*request));
    next.numbers.push_back(row);
  }
  return next;
}

void take_verdict(self_pointer self, draining_ledger& ledger, std::uint32_t row, const merge_request& asked,
                  const merge_verdict& verdict) {
  auto& state = ledger.rows[row];
  const auto decision
    = decide(asked, verdict, ledger.file->bookkeeping(row), ledger.file->sums(row), ledger.role);
  self->state.status.ambiguous_merges += decision.ambiguous ? 1 : 0;
  ledger.file->set_bookkeeping(row, decision.book);
  if (decision.raise_to)
    ledger.file->raise(row, *decision.raise_to);
  state.basis.reset();
  state.set_aside_for.clear();
  switch (decision.action) {
    case merge_action::done:
      state.verify = false;
      state.finished = ledger.role == merge_role::adopter;
      break;
    case merge_action::again: state.basis = decision.basis; break;
    case merge_action::set_aside:
      state.verify = false;
      set_aside(ledger, row, now_of(self), decision.reason);
      break;
    case merge_action::abandon: state.finished = true; break;
  }
}

void answer_flushes(self_pointer self);
void drain(self_pointer self);

void start_merge(self_pointer self, draining_ledger& ledger, batch next) {
  ledger.merging = true;
  auto* const target = &ledger; // lives until it is not merging
  const auto began = now_of(self);
  store_merge question{{}, began + merge_patience};
  for (const auto& request : next.requests)
    question.rows.push_back(request.row);
  self->request(self->state.store, merge_patience + 500ms, std::move(question))
    .then(
      [self, target, next, began](const store_merge_reply& reply) {
        self->state.settings.watched->flush_duration.observe(now_of(self) - began);
        target->merging = false;
        ++self->state.status.merged_batches;
        for (std::size_t i = 0; i < next.requests.size() && i < reply.verdicts.size(); ++i)
          take_verdict(self, *target, next.numbers[i], next.requests[i], reply.verdicts[i]);
        drain(self);
      },
      [self, target](const caf::error&) {
        target->merging = false;
        self->state.retry_at = now_of(self) + retry_pause;
        answer_flushes(self);
      });
}

void adopt(self_pointer self) {
  auto& state = self->state;
  if (state.settings.folder.empty() || now_of(self) < state.adopt_at)
    return;
  state.adopt_at = now_of(self) + adopt_interval;
  for (auto& file : adopt_ledgers(state.settings.folder, state.status.damaged_ledgers)) {
    auto ledger = std::make_unique<draining_ledger>();
    ledger->adopted = std::move(file);
    ledger->file = ledger->adopted.get();
    ledger->role = merge_role::adopter;
    state.ledgers.push_back(std::move(ledger));
  }
}

bool is_finished(const draining_ledger& ledger) {
  if (ledger.role == merge_role::owner || ledger.merging || ledger.rows.size() != ledger.file->row_count())
    return false;
  for (std::uint32_t row = 0; row < ledger.rows.size(); ++row)
    if (row_needs_merge(ledger, row))
      return false;
  return true;
}

void drain(self_pointer self) {
  auto& state = self->state;
  if (now_of(self) >= state.retry_at)
    for (auto& ledger : state.ledgers) {
      if (ledger->merging)
        continue;
      if (auto next = make_batch(self, *ledger); !next.requests.empty())
        start_merge(self, *ledger, std::move(next));
    }
  std::erase_if(state.ledgers, [](const auto& ledger) {
    if (!is_finished(*ledger))
      return false;
    ledger->file->remove();
    return true;
  });
  answer_flushes(self);
}

std::uint64_t pending_rows(const counter_state& state) {
  std::uint64_t pending = 0;
  for (const auto& ledger : state.ledgers)
    for (std::uint32_t row = 0; row < ledger->file->row_count(); ++row)
      if (row >= ledger->rows.size() ? ledger->file->sums(row) != ledger_sums{} : row_needs_merge(*ledger, row))
        ++pending;
  return pending;
}

void answer_flushes(self_pointer self) {
  auto& flushes = self->state.flushes;
  if (flushes.empty())
    return;
  const auto pending = pending_rows(self->state);
  const auto now = now_of(self);
  std::erase_if(flushes, [&](auto& waiting) {
    if (pending > 0 && now < waiting.deadline)
      return false;
    waiting.promise.deliver(flush_reply{pending == 0, pending});
    return true;
  });
}

// What of this key has not arrived in the store: our sums less what the store holds of them.
std::int64_t pending_of(const counter_state& state, std::string_view key, const std::vector<std::string>* states) {
  std::uint64_t added = 0;
  std::uint64_t subtracted = 0;
  std::size_t asked = 0;
  for (const auto& ledger : state.ledgers)
    for (std::uint32_t row = 0; row < ledger->file->row_count(); ++row) {
      if (ledger->file->key(row) != key)
        continue;
      const auto book = ledger->file->bookkeeping(row);
      const auto own = own_part(ledger->file->sums(row), book);
      auto known = book.merged;
      if (states && asked < states->size())
        if (const auto stored = parse_writer_state((*states)[asked]))
          known = stored->sums;
      ++asked;
      added += own.added - known.added;
      subtracted += own.subtracted - known.subtracted;
    }
  return static_cast<std::int64_t>(added - subtracted);
}

// All that our ledgers ever counted of this key: what is known where the store was never asked.
std::int64_t counted_here(const counter_state& state, std::string_view key) {
  std::uint64_t value = 0;
  for (const auto& ledger : state.ledgers)
    for (std::uint32_t row = 0; row < ledger->file->row_count(); ++row)
      if (ledger->file->key(row) == key)
        value += ledger->file->sums(row).added - ledger->file->sums(row).subtracted;
  return static_cast<std::int64_t>(value);
}

counter_read question_for(const counter_state& state, const std::string& key) {
  counter_read read{key, {}};
  for (const auto& ledger : state.ledgers)
    for (std::uint32_t row = 0; row < ledger->file->row_count(); ++row)
      if (ledger->file->key(row) == key) {
        const auto book = ledger->file->bookkeeping(row);
        read.writers.push_back(to_text(is_set(book.writer) ? book.writer : ledger->file->writer()));
      }
  return read;
}

counter_reading reading_from(self_pointer self, const std::string& key, const counter_found& found) {
  auto& state = self->state;
  counter_reading reading;
  reading.key = key;
  reading.exists = found.exists || !found.states.empty();
  reading.is_integer = !found.exists || found.value.has_value();
  reading.value = found.value.value_or(0) + pending_of(state, key, &found.states);
  reading.source = state.settings.store_kind;
  reading.as_of = state.clock->wall_now();
  if (state.last_read.size() < remembered_max || state.last_read.contains(key)) {
    auto& kept = state.last_read[key];
    kept = reading;
    kept.value = found.value.value_or(0);
  }
  return reading;
}

// The store does not answer: what it last told plus what is pending.
counter_reading reading_without_store(const counter_state& state, const std::string& key) {
  counter_reading reading;
  reading.key = key;
  const auto known = state.last_read.find(key);
  if (known != state.last_read.end()) {
    reading = known->second;
    reading.value += pending_of(state, key, nullptr);
  } else {
    reading.value = counted_here(state, key);
  }
  reading.source = counter_source::ledger;
  reading.exists = reading.exists || !question_for(state, key).writers.empty();
  return reading;
}

void read_keys(self_pointer self, const std::vector<std::string>& wanted, boot_time deadline,
               caf::typed_response_promise<counter_readings> promise) {
  store_read_counters question{{}, deadline};
  for (const auto& key : wanted)
    question.reads.push_back(question_for(self->state, key));
  const auto patience = std::max<std::chrono::nanoseconds>(deadline - now_of(self), 1ms);
  self->request(self->state.store, patience, std::move(question))
    .then(
      [self, wanted, promise](const store_counters_found& found) mutable {
        counter_readings readings;
        for (std::size_t i = 0; i < wanted.size() && i < found.found.size(); ++i)
          readings.readings.push_back(reading_from(self, wanted[i], found.found[i]));
        promise.deliver(std::move(readings));
      },
      [self, wanted, promise](const caf::error&) mutable {
        counter_readings readings;
        for (const auto& key : wanted)
          readings.readings.push_back(reading_without_store(self->state, key));
        promise.deliver(std::move(readings));
      });
}

std::vector<std::string> own_keys(const counter_state& state, std::string_view glob) {
  std::vector<std::string> keys;
  for (const auto& ledger : state.ledgers)
    for (std::uint32_t row = 0; row < ledger->file->row_count(); ++row)
      if (glob_matches(glob, ledger->file->key(row)))
        keys.emplace_back(ledger->file->key(row));
  return keys;
}

caf::typed_response_promise<counter_readings> read_all(self_pointer self, const read_counters& wanted) {
  auto promise = self->make_response_promise<counter_readings>();
  const auto patience = std::max<std::chrono::nanoseconds>((wanted.deadline - now_of(self)) / 2, 1ms);
  const auto read = [self, wanted, promise](std::vector<std::string> keys) {
    auto all = own_keys(self->state, wanted.glob);
    all.insert(all.end(), keys.begin(), keys.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    read_keys(self, all, wanted.deadline, promise);
  };
  self->request(self->state.store, patience, store_list_counters{wanted.glob, false, wanted.deadline})
    .then([read](const store_keys& known) { read(known.keys); }, [read](const caf::error&) { read({}); });
  return promise;
}

caf::typed_response_promise<counter_reading> read_one(self_pointer self, const read_counter& wanted) {
  auto promise = self->make_response_promise<counter_reading>();
  const auto key = wanted.key;
  const auto patience = std::max<std::chrono::nanoseconds>(wanted.deadline - now_of(self), 1ms);
  self->request(self->state.store, patience, store_read_counters{{question_for(self->state, key)}, wanted.deadline})
    .then(
      [self, key, promise](const store_counters_found& found) mutable {
        promise.deliver(found.found.empty() ? reading_without_store(self->state, key)
                                            : reading_from(self, key, found.found.front()));
      },
      [self, key, promise](const caf::error&) mutable { promise.deliver(reading_without_store(self->state, key)); });
  return promise;
}

caf::typed_response_promise<flush_reply> flush(self_pointer self, boot_time deadline) {
  auto promise = self->make_response_promise<flush_reply>();
  self->state.flushes.push_back({promise, deadline});
  self->state.adopt_at = {};
  adopt(self);
  drain(self);
  return promise;
}

counter_status status_of(const counter_state& state) {
  auto status = state.status;
  const auto& file = state.ledger->file();
  status.rows = file.row_count();
  status.capacity = file.capacity();
  status.pending_rows = pending_rows(state);
  status.overflow = state.ledger->overflow();
  status.adopting_ledgers = state.ledgers.size() - 1;
  status.durable = state.ledger->durable();
  status.writer = to_text(file.writer());
  status.ledger_path = file.path();
  for (const auto& ledger : state.ledgers)
    for (std::uint32_t row = 0; row < ledger->rows.size(); ++row)
      if (const auto& reason = ledger->rows[row].set_aside_for; !reason.empty()) {
        ++status.set_aside_rows;
        if (status.set_aside_keys.size() < 20)
          status.set_aside_keys.push_back(std::string{ledger->file->key(row)} + ": " + reason);
      }
  return status;
}

// The store is not what it was: every row is compared with it, batch by batch, and heals.
void verify_all(self_pointer self) {
  for (auto& ledger : self->state.ledgers) {
    ledger->rows.resize(ledger->file->row_count());
    for (auto& row : ledger->rows)
      row.verify = true;
  }
}

void on_store_event(self_pointer self, const store_event& event) {
  if (event.change == store_change::link_up)
    self->state.retry_at = {};
  else if (event.change == store_change::identity)
    verify_all(self);
}

void on_timer(self_pointer self) {
  adopt(self);
  drain(self);
  self->delayed_send(self, self->state.settings.flush_interval, wake{flush_due});
}

} // namespace

counter_actor::behavior_type counter_drain(self_pointer self, counter_settings settings, clock_ptr clock,
                                           std::shared_ptr<counter_ledger> ledger, store_actor store) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.ledger = std::move(ledger);
  state.store = std::move(store);
  auto own = std::make_unique<draining_ledger>();
  own->file = &state.ledger->file();
  state.ledgers.push_back(std::move(own));
  self->send(self, wake{flush_due});
  return {
    [self](const incr_counter& what) { self->state.ledger->add(what.key, what.amount); },
    [self](const incr_counter_confirmed& what) {
      self->state.ledger->add(what.key, what.amount);
      auto promise = self->make_response_promise<incr_confirmation>();
      const auto patience = std::max<std::chrono::nanoseconds>(what.deadline - now_of(self), 1ms);
      self->request(counter_actor{self}, patience, flush_counters{what.deadline})
        .then([promise](const flush_reply& reply) mutable { promise.deliver(incr_confirmation{reply.complete}); },
              [promise](const caf::error&) mutable { promise.deliver(incr_confirmation{false}); });
      return promise;
    },
    [self](const read_counter& wanted) { return read_one(self, wanted); },
    [self](const read_counters& wanted) { return read_all(self, wanted); },
    [self](const flush_counters& wanted) { return flush(self, wanted.deadline); },
    [self](const store_event& event) { on_store_event(self, event); },
    [](const symbols_announced&) {},
    [self](const get_counter_status&) { return status_of(self->state); },
    [self](const wake&) { on_timer(self); },
  };
}

} // namespace holdfast

#include "actors/counter.hpp"

#include <algorithm>

#include <caf/typed_event_based_actor.hpp>

#include "actors/counter_parts.hpp"
#include "actors/counter_reads.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using namespace counter_parts;

constexpr std::size_t sample_of_set_aside = 20;

enum wake_reason : std::uint32_t { flush_due };

std::chrono::nanoseconds patience_until(self_pointer self, boot_time deadline) {
  return std::max<std::chrono::nanoseconds>(deadline - now_of(self), 1ms);
}

caf::typed_response_promise<flush_reply> flush(self_pointer self, boot_time deadline) {
  auto promise = self->make_response_promise<flush_reply>();
  auto& state = self->state;
  state.adopt_at = {};
  adopt(self);
  waiting_rows waiting{{}, deadline, true, [promise](std::uint64_t missing) mutable {
                         promise.deliver(flush_reply{missing == 0, missing});
                       }};
  for (const auto& [number, ledger] : state.ledgers)
    add_targets(waiting.targets, number, *ledger);
  state.waiting.push_back(std::move(waiting));
  drain(self);
  return promise;
}

caf::typed_response_promise<incr_confirmation> confirm(self_pointer self, const incr_counter_confirmed& what) {
  auto promise = self->make_response_promise<incr_confirmation>();
  auto& state = self->state;
  if (what.amount != 0)
    state.ledger->add(what.key, what.amount);
  auto& own = *state.ledgers.at(0);
  const auto row = own.find(what.key);
  if (!row) {
    promise.deliver(incr_confirmation{false}); // it went to the overflow
    return promise;
  }
  state.waiting.push_back({{{0, *row, own.file().sums(*row)}}, what.deadline, false, [promise](std::uint64_t missing) mutable {
                             promise.deliver(incr_confirmation{missing == 0});
                           }});
  drain(self);
  return promise;
}

void read_keys(self_pointer self, std::vector<std::string> keys, boot_time deadline,
               std::function<void(std::vector<counter_reading>)> answer) {
  std::vector<counter_question> questions;
  for (const auto& key : keys)
    questions.push_back(question_about(self->state, key));
  auto reads = to_store(questions, deadline);
  const auto without = [self, answer, keys = std::move(keys)](const caf::error&) {
    std::vector<counter_reading> readings;
    for (const auto& key : keys)
      readings.push_back(reading_without_store(self->state, key));
    answer(std::move(readings));
  };
  self->request(self->state.store, patience_until(self, deadline), std::move(reads))
    .then(
      [self, answer, without, questions = std::move(questions)](const store_counters_found& found) {
        if (found.found.size() != questions.size())
          return without({});
        std::vector<counter_reading> readings;
        for (std::size_t i = 0; i < questions.size(); ++i)
          readings.push_back(reading_from(self->state, questions[i], found.found[i]));
        answer(std::move(readings));
      },
      without);
}

caf::typed_response_promise<counter_readings> read_all(self_pointer self, const read_counters& wanted) {
  auto promise = self->make_response_promise<counter_readings>();
  const auto read = [self, wanted, promise](std::vector<std::string> keys, bool all_listed) {
    auto all = own_keys(self->state, wanted.glob);
    all.insert(all.end(), keys.begin(), keys.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    read_keys(self, std::move(all), wanted.deadline, [promise, all_listed](std::vector<counter_reading> readings) mutable {
      promise.deliver(counter_readings{std::move(readings), all_listed});
    });
  };
  const auto patience = std::max<std::chrono::nanoseconds>((wanted.deadline - now_of(self)) / 2, 1ms);
  self->request(self->state.store, patience, store_list_counters{wanted.glob, false, wanted.deadline})
    .then([read](const store_keys& known) { read(known.keys, true); }, [read](const caf::error&) { read({}, false); });
  return promise;
}

caf::typed_response_promise<counter_reading> read_one(self_pointer self, const read_counter& wanted) {
  auto promise = self->make_response_promise<counter_reading>();
  read_keys(self, {wanted.key}, wanted.deadline, [promise](std::vector<counter_reading> readings) mutable {
    promise.deliver(std::move(readings.front()));
  });
  return promise;
}

counter_status status_of(const counter_state& state) {
  auto status = state.status;
  const auto& file = state.ledger->file();
  status.rows = file.row_count();
  status.capacity = file.capacity();
  status.overflow = state.ledger->overflow();
  status.capped_type = state.ledger->capped_type();
  status.adopting_ledgers = state.ledgers.size() - 1;
  status.durable = state.ledger->durable();
  status.writer = to_text(file.writer());
  status.ledger_path = file.path();
  for (const auto& [number, ledger] : state.ledgers) {
    status.ambiguous_merges += ledger->ambiguous();
    for (std::uint32_t row = 0; row < ledger->file().row_count(); ++row) {
      status.pending_rows += ledger->row_pending(row) ? 1 : 0;
      if (!ledger->row_set_aside(row))
        continue;
      if (++status.set_aside_rows <= sample_of_set_aside)
        status.set_aside_keys.push_back(std::string{ledger->file().key(row)} + ": " + ledger->set_aside_reason(row));
    }
  }
  return status;
}

void on_timer(self_pointer self) {
  ramp_up(self->state);
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
  state.random.seed(state.settings.seed);
  state.retry = backoff{100ms, 5s, state.random()};
  state.ledgers.emplace(0, std::make_unique<draining_ledger>(state.ledger->file()));
  self->send(self, wake{flush_due});
  return {
    [self](const incr_counter& what) { self->state.ledger->add(what.key, what.amount); },
    [self](const incr_counter_confirmed& what) { return confirm(self, what); },
    [self](const read_counter& wanted) { return read_one(self, wanted); },
    [self](const read_counters& wanted) { return read_all(self, wanted); },
    [self](const flush_counters& wanted) { return flush(self, wanted.deadline); },
    [self](const retire_counters& wanted) {
      self->state.ledgers.at(0)->retire();
      return flush(self, wanted.deadline);
    },
    [self](const store_event& event) { on_store_event(self, event); },
    [](const symbols_announced&) {},
    [self](const get_counter_status&) { return status_of(self->state); },
    [self](const wake&) { on_timer(self); },
  };
}

} // namespace holdfast

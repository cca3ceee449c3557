#include "engine/engine.hpp"

#include <algorithm>
#include <future>

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "engine/ask_parts.hpp"
#include "engine/known_counters.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/log.hpp"
#include "runtime/telemetry.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto farewell_flush = 800ms;
constexpr auto farewell_words = 100ms; // what tasks and features have to say, each
constexpr auto farewell = farewell_flush + 2 * farewell_words + 500ms; // the rest: what is being written then

// Of an engine of which nobody answers.
engine_status silent_status() {
  engine_status status;
  status.silent.assign(watched_part::all.begin(), watched_part::all.end());
  return status;
}

// What was known a moment ago: whoever is late or dead is not to look like one that has nothing.
void begin_with(engine_status& status, const engine_snapshot& newest) {
  status.cache = newest.cache;
  status.supervisor = newest.supervisor;
  status.last_good = newest.last_good;
  status.warmup = newest.warmup;
  status.counters = newest.counters;
  status.store = newest.store;
  status.history = newest.history;
  status.rate_limits = newest.rate_limits;
  status.features = newest.features;
  for (const auto which : all_markets) {
    status.hits[index(which)] = newest.markets[index(which)].hits;
    status.misses[index(which)] = newest.markets[index(which)].misses;
    status.since[index(which)] = newest.markets[index(which)].since;
  }
}

// Gathers what every actor tells of itself; whoever does not answer in time is told as silent.
struct status_collector {
  std::shared_ptr<engine_status> status;
  std::function<void(engine_status)> callback;
  std::shared_ptr<std::size_t> missing = std::make_shared<std::size_t>(0);

  template <class Actor, class Question, class Part>
  void gather(caf::event_based_actor* self, const Actor& whom, nanoseconds timeout, Question question,
              Part engine_status::*part, std::string_view name) {
    ++*missing;
    const auto one_less = [missing = missing, status = status, callback = callback] {
      if (--*missing == 0)
        call_safely(callback, std::move(*status));
    };
    self->request(whom, at_least_1ms(timeout), question)
      .then([status = status, part, one_less](Part& given) {
        (*status).*part = std::move(given);
        one_less();
      },
            [status = status, name, one_less](const caf::error&) {
              status->silent.emplace_back(name);
              one_less();
            });
  }
};

} // namespace

engine::engine(caf::actor_system& system) : engine{system, means_of(system)} {}

engine::engine(caf::actor_system& system, engine_means means)
  : parts_{std::make_unique<engine_parts>(system, std::move(means))} {
  const auto& settings = parts_->settings;
  if (settings.http == "off")
    return;
  if (auto gateway = http_gateway::open(*this, settings.http, settings.http_token))
    parts_->gateway = std::move(*gateway);
  else
    logger()->warn("no HTTP gateway reason={}", log_value(gateway.error()));
}

engine::~engine() {
  // What would have to be waited for lives in the parent.
  if (parts_->ledger->forked()) {
    (void)parts_.release();
    return;
  }
  parts_->gateway.reset();
  parts_->limiters->close();
  parts_->end_by(boot_clock::now() + farewell);
  // What threads count from here on is nobody's: what the last flush brings to the store is all there is.
  parts_->ledger->stop_counting();
  auto& all = *parts_;
  const retire_counters last_flush{all.clock->boot_now() + farewell_flush * 9 / 10};
  const auto retired = ask<flush_reply>({all.system, all.means.drive}, all.counters, farewell_flush, last_flush);
  const bool complete = retired && retired->complete;
  const keep_now last_word{all.clock->boot_now() + farewell_words};
  ask<done>({all.system, all.means.drive}, all.task_keeper, farewell_words, last_word);
  ask<done>({all.system, all.means.drive}, all.feature_keeper, farewell_words, last_word);
  caf::scoped_actor self{all.system};
  for (const auto& one : all.in_stopping_order()) {
    self->send_exit(one, caf::exit_reason::user_shutdown);
    if (all.means.drive)
      all.means.drive();
    self->wait_for(one);
  }
  if (complete)
    all.ledger->file().remove();
}

bool engine::incr_sync(std::string_view key, std::int64_t amount, duration timeout) noexcept {
  incr(key, amount);
  const incr_counter_confirmed question{std::string{key}, 0, parts_->clock->boot_now() + timeout * 9 / 10};
  const auto confirmed = ask_if_alive<incr_confirmation>(*parts_, parts_->counters, timeout, question);
  return confirmed && confirmed->in_store;
}

std::int64_t engine::get_int_sync(std::string_view key, duration timeout) noexcept {
  const auto reading = read(key, timeout);
  const bool reached = reading.error == fault::none && reading.source != counter_source::ledger;
  return reached && reading.is_integer ? reading.value : 0;
}

counter_reading engine::read(std::string_view key, duration timeout) noexcept {
  counter_reading none;
  // The actor answers from what it knows a little before we give up.
  const auto deadline = parts_->clock->boot_now() + timeout * 9 / 10;
  const read_counter question{std::string{key}, deadline};
  auto reading = ask_if_alive<counter_reading>(*parts_, parts_->counters, timeout, question, &none.error);
  return reading ? *reading : none;
}

counter_readings engine::read_matching(std::string_view glob, duration timeout) noexcept {
  const auto deadline = parts_->clock->boot_now() + timeout * 9 / 10;
  const read_counters question{std::string{glob}, deadline};
  counter_readings none;
  auto found = ask_if_alive<counter_readings>(*parts_, parts_->counters, timeout, question, &none.error);
  if (!found)
    return none;
  add_known(*found, glob, parts_->snapshots->newest().get());
  return std::move(*found);
}

void engine::read_async(std::string_view key, std::function<void(counter_reading)> callback, duration timeout) noexcept {
  read_counter question{std::string{key}, parts_->clock->boot_now() + timeout * 9 / 10};
  ask_later_if_alive<counter_reading>(
    *parts_, parts_->counters, timeout, question,
    [key = question.key, callback = std::move(callback)](std::optional<counter_reading> given, fault why) {
      counter_reading none;
      none.key = key;
      none.error = why;
      callback(given ? std::move(*given) : std::move(none));
    });
}

void engine::read_matching_async(std::string_view glob, std::function<void(counter_readings)> callback,
                                 duration timeout) noexcept {
  read_counters question{std::string{glob}, parts_->clock->boot_now() + timeout * 9 / 10};
  ask_later_if_alive<counter_readings>(
    *parts_, parts_->counters, timeout, question,
    [glob = question.glob, snapshots = parts_->snapshots,
     callback = std::move(callback)](std::optional<counter_readings> given, fault why) {
      counter_readings none;
      none.error = why;
      if (given)
        add_known(*given, glob, snapshots->newest().get());
      callback(given ? std::move(*given) : std::move(none));
    });
}

bool engine::flush(duration timeout) noexcept {
  const auto deadline = parts_->clock->boot_now() + timeout * 9 / 10;
  const auto reply = ask_if_alive<flush_reply>(*parts_, parts_->counters, timeout, flush_counters{deadline});
  return reply && reply->complete;
}

symbols_view engine::symbols(market which) noexcept { return {parts_->board, which, parts_->clock}; }

symbols_reply engine::symbols_sync(market which, duration timeout) noexcept {
  if (auto fresh = parts_->fresh_reply(which))
    return std::move(*fresh);
  symbols_reply none;
  const get_symbols question{which, parts_->clock->boot_now() + timeout * 8 / 10};
  auto reply = ask_if_alive<symbols_reply>(*parts_, parts_->cache, timeout, question, &none.error);
  return reply ? std::move(*reply) : none;
}

void engine::symbols_async(market which, std::function<void(symbols_reply)> callback, duration timeout) noexcept {
  if (auto fresh = parts_->fresh_reply(which))
    return call_safely(callback, std::move(*fresh));
  const get_symbols question{which, parts_->clock->boot_now() + timeout * 8 / 10};
  ask_later_if_alive<symbols_reply>(*parts_, parts_->cache, timeout, question,
                                    [callback = std::move(callback)](std::optional<symbols_reply> given, fault why) {
                                      symbols_reply none;
                                      none.error = why;
                                      callback(given ? std::move(*given) : std::move(none));
                                    });
}

std::optional<std::string> engine::read_json(std::string_view key, duration timeout) noexcept {
  const auto deadline = parts_->clock->boot_now() + timeout;
  auto found = ask_if_alive<store_value>(*parts_, parts_->store, timeout, store_read{std::string{key}, deadline});
  return found ? std::move(found->value) : std::nullopt;
}

bool engine::write_json(std::string_view key, std::string_view text, duration ttl, duration timeout) noexcept {
  store_write what{std::string{key}, std::string{text}, {}, parts_->clock->boot_now() + timeout};
  if (ttl > 0ns)
    what.ttl = std::chrono::ceil<std::chrono::milliseconds>(ttl);
  return ask_if_alive<done>(*parts_, parts_->store, timeout, std::move(what)).has_value();
}

engine_status engine::status(duration timeout) noexcept {
  auto told = std::make_shared<std::promise<engine_status>>();
  auto answer = told->get_future();
  status_async([told](engine_status status) { told->set_value(std::move(status)); }, timeout);
  return parts_->answered(answer, timeout) ? answer.get() : silent_status();
}

void engine::status_async(std::function<void(engine_status)> callback, duration timeout) noexcept {
  // Where a lock was held while the process forked it is held for ever.
  if (parts_->ledger->forked())
    return call_safely(callback, silent_status());
  auto status = std::make_shared<engine_status>();
  status->state_folder = parts_->folder.path;
  status->state_problem = parts_->folder.problem;
  for (const auto which : all_markets) {
    status->exchange[index(which)] = parts_->memories[index(which)]->facts();
    status->embargo_until[index(which)] = parts_->budgets[index(which)]->closed_until();
    status->embargo_cause_of[index(which)] = parts_->budgets[index(which)]->cause();
  }
  status->events = parts_->watched->events.newest();
  status->tasks = parts_->watched->tasks->read();
  status->task_runs_left_out = parts_->watched->tasks->left_out();
  status->names_left_out = parts_->watched->names_left_out.load(std::memory_order_relaxed);
  if (const auto newest = parts_->snapshots->newest())
    begin_with(*status, *newest);
  parts_->system.spawn([collector = status_collector{status, std::move(callback)}, cache = cache(),
                        supervisor = supervisor(), last_good = last_good(), warmup = warmup(), counters = counters(),
                        store = store(), history = parts_->history, rate_limits = rate_limiter(),
                        features = parts_->feature_keeper,
                        timeout](caf::event_based_actor* self) mutable {
    collector.gather(self, cache, timeout, get_cache_status{}, &engine_status::cache, watched_part::cache);
    collector.gather(self, supervisor, timeout, get_supervisor_status{}, &engine_status::supervisor, watched_part::fetchers);
    collector.gather(self, last_good, timeout, get_last_good_status{}, &engine_status::last_good, watched_part::last_good);
    collector.gather(self, warmup, timeout, get_warmup_status{}, &engine_status::warmup, watched_part::warmup);
    collector.gather(self, counters, timeout, get_counter_status{}, &engine_status::counters, watched_part::ledger);
    collector.gather(self, store, timeout, get_store_status{}, &engine_status::store, watched_part::store);
    collector.gather(self, history, timeout, get_history_status{}, &engine_status::history, watched_part::history);
    collector.gather(self, rate_limits, timeout, get_rate_limiter_status{}, &engine_status::rate_limits, watched_part::rate_limits);
    collector.gather(self, features, timeout, get_feature_status{}, &engine_status::features, watched_part::features);
  });
}

void engine::history_async(history_wanted wanted, std::function<void(history_answer)> callback, duration timeout) noexcept {
  ask_later_if_alive<history_answer>(*parts_, parts_->history, timeout, std::move(wanted),
                                     [callback = std::move(callback)](std::optional<history_answer> given, fault why) {
                                       callback(given ? std::move(*given) : history_answer{{}, {}, to_string(why), why});
                                     });
}

std::shared_ptr<prometheus::Collectable> engine::metrics() const noexcept { return parts_->metrics; }
std::string engine::metrics_text() const { return parts_->metrics->text(); }
std::shared_ptr<telemetry> engine::watched() const noexcept { return parts_->watched; }

cache_actor engine::cache() const { return parts_->cache; }
counter_actor engine::counters() const { return parts_->counters; }
supervisor_actor engine::supervisor() const { return parts_->supervisor; }
last_good_actor engine::last_good() const { return parts_->last_good; }
warmup_actor engine::warmup() const { return parts_->warmup; }
rate_limiter_actor engine::rate_limiter() const { return parts_->rate_limiter; }
store_actor engine::store() const { return parts_->store; }
const options& engine::settings() const noexcept { return parts_->settings; }
const clock_ptr& engine::clock() const noexcept { return parts_->clock; }
symbol_board_ptr engine::board() const noexcept { return parts_->board; }
caf::actor_system& engine::system() const noexcept { return parts_->system; }
std::string engine::http_address() const { return parts_->gateway ? parts_->gateway->address() : std::string{}; }
const std::string& engine::state_path() const noexcept { return parts_->folder.path; }

} // namespace holdfast

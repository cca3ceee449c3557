#include "engine/engine.hpp"

#include <algorithm>

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "engine/parts.hpp"
#include "runtime/ledger_file.hpp"
#include "runtime/log.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto farewell_flush = 800ms;

nanoseconds at_least_1ms(nanoseconds wait) { return std::max<nanoseconds>(wait, 1ms); }

// Asks an actor from a host's thread; none where there is no answer in time.
template <class Answer, class Actor, class Question>
std::optional<Answer> ask(caf::actor_system& system, const Actor& whom, nanoseconds timeout, Question question,
                          fault* why = nullptr) noexcept {
  std::optional<Answer> answer;
  try {
    caf::scoped_actor self{system};
    self->request(whom, at_least_1ms(timeout), std::move(question))
      .receive([&](Answer& given) { answer = std::move(given); },
               [&](const caf::error& error) {
                 if (why)
                   *why = fault_of(error);
               });
  } catch (...) {
    if (why)
      *why = fault::stopping;
  }
  return answer;
}

} // namespace

engine::engine(caf::actor_system& system) : parts_{std::make_unique<parts>(system)} {
  const auto& settings = parts_->settings;
  if (settings.http == "off")
    return;
  auto gateway = http_gateway::open(*this, settings.http, settings.http_token);
  if (gateway)
    parts_->gateway = std::move(*gateway);
  else
    logger()->warn("no HTTP gateway: {}", gateway.error());
}

engine::~engine() {
  parts_->gateway.reset();
  const bool complete = flush(farewell_flush);
  auto& all = *parts_;
  caf::scoped_actor self{all.system};
  const auto stop = [&](auto& actor) {
    self->send_exit(actor, caf::exit_reason::user_shutdown);
    self->wait_for(actor);
    actor = nullptr;
  };
  stop(all.warmup);
  stop(all.cache);
  stop(all.supervisor);
  stop(all.counters);
  stop(all.last_good);
  if (all.store != all.local)
    stop(all.store);
  all.store = nullptr;
  stop(all.local);
  if (complete)
    all.ledger->file().remove();
}

holdfast::counter engine::counter(std::string_view key) noexcept { return parts_->ledger->handle(key); }

void engine::incr(std::string_view key, std::int64_t amount) noexcept { parts_->ledger->add(key, amount); }

bool engine::incr_sync(std::string_view key, std::int64_t amount, duration timeout) noexcept {
  incr(key, amount);
  return flush(timeout);
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
  auto reading = ask<counter_reading>(parts_->system, parts_->counters, timeout, read_counter{std::string{key}, deadline},
                                      &none.error);
  return reading ? *reading : none;
}

counter_readings engine::read_matching(std::string_view glob, duration timeout) noexcept {
  const auto deadline = parts_->clock->boot_now() + timeout * 9 / 10;
  return ask<counter_readings>(parts_->system, parts_->counters, timeout, read_counters{std::string{glob}, deadline})
    .value_or(counter_readings{});
}

void engine::read_async(std::string_view key, std::function<void(counter_reading)> callback, duration timeout) noexcept {
  const read_counter question{std::string{key}, parts_->clock->boot_now() + timeout * 9 / 10};
  parts_->system.spawn([whom = parts_->counters, question, timeout,
                        callback = std::move(callback)](caf::event_based_actor* self) {
    self->request(whom, at_least_1ms(timeout), question)
      .then([callback](const counter_reading& reading) { callback(reading); },
            [callback, question](const caf::error& why) {
              counter_reading none;
              none.key = question.key;
              none.error = fault_of(why);
              callback(none);
            });
  });
}

bool engine::flush(duration timeout) noexcept {
  const auto deadline = parts_->clock->boot_now() + timeout * 9 / 10;
  const auto reply = ask<flush_reply>(parts_->system, parts_->counters, timeout, flush_counters{deadline});
  return reply && reply->complete;
}

symbols_view engine::symbols(market which) noexcept { return {parts_->board, which, parts_->clock}; }

symbols_reply engine::symbols_sync(market which, duration timeout) noexcept {
  const auto now = parts_->clock->boot_now();
  const auto published = parts_->board->current(which);
  if (published->table && published->fresh(now)) {
    parts_->hits[index(which)].incr();
    return reply_from(*published, now);
  }
  symbols_reply none;
  auto reply = ask<symbols_reply>(parts_->system, parts_->cache, timeout, get_symbols{which, now + timeout * 8 / 10},
                                  &none.error);
  return reply ? std::move(*reply) : none;
}

std::optional<std::string> engine::read_json(std::string_view key, duration timeout) noexcept {
  const auto deadline = parts_->clock->boot_now() + timeout;
  auto found = ask<store_value>(parts_->system, parts_->store, timeout, store_read{std::string{key}, deadline});
  return found ? std::move(found->value) : std::nullopt;
}

bool engine::write_json(std::string_view key, std::string_view text, duration ttl, duration timeout) noexcept {
  store_write what{std::string{key}, std::string{text}, {}, parts_->clock->boot_now() + timeout};
  if (ttl > 0ns)
    what.ttl = std::chrono::ceil<std::chrono::milliseconds>(ttl);
  return ask<done>(parts_->system, parts_->store, timeout, std::move(what)).has_value();
}

engine_status engine::status(duration timeout) noexcept {
  auto& all = *parts_;
  engine_status status;
  status.cache = ask<cache_status>(all.system, all.cache, timeout, get_cache_status{}).value_or(cache_status{});
  status.supervisor
    = ask<supervisor_status>(all.system, all.supervisor, timeout, get_supervisor_status{}).value_or(supervisor_status{});
  status.last_good
    = ask<last_good_status>(all.system, all.last_good, timeout, get_last_good_status{}).value_or(last_good_status{});
  status.warmup = ask<warmup_status>(all.system, all.warmup, timeout, get_warmup_status{}).value_or(warmup_status{});
  status.counters
    = ask<counter_status>(all.system, all.counters, timeout, get_counter_status{}).value_or(counter_status{});
  status.store = ask<store_status>(all.system, all.store, timeout, get_store_status{}).value_or(store_status{});
  status.state_problem = all.folder.problem;
  return status;
}

cache_actor engine::cache() const { return parts_->cache; }
counter_actor engine::counters() const { return parts_->counters; }
supervisor_actor engine::supervisor() const { return parts_->supervisor; }
last_good_actor engine::last_good() const { return parts_->last_good; }
warmup_actor engine::warmup() const { return parts_->warmup; }
store_actor engine::store() const { return parts_->store; }
const options& engine::settings() const noexcept { return parts_->settings; }
const clock_ptr& engine::clock() const noexcept { return parts_->clock; }
symbol_board_ptr engine::board() const noexcept { return parts_->board; }
caf::actor_system& engine::system() const noexcept { return parts_->system; }
std::string engine::http_address() const { return parts_->gateway ? parts_->gateway->address() : std::string{}; }
const std::string& engine::state_path() const noexcept { return parts_->folder.path; }

} // namespace holdfast

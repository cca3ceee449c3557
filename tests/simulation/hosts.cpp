#include "tests/simulation/hosts.hpp"

#include <algorithm>
#include <array>

#include <caf/send.hpp>

#include "runtime/ledger_file.hpp"

namespace holdfast::simulation {

namespace {

using namespace std::chrono_literals;

// Actors take no time here; timers of the counter actor do.
constexpr auto slack = 50ms;
// Where nothing local is known, the supervisor waits so long for last_good, which asks the store.
constexpr auto fallback_patience = 1s;
// From the news that the store lost something until every row was compared.
constexpr auto healing = 10s;

constexpr std::array<const char*, 4> keys_of_hosts{"metrics:orders:sent", "metrics:orders:filled", "metrics:debt:paid", "metrics:x:y"};

std::int64_t direction_of(std::string_view key) { return key == "metrics:debt:paid" ? -1 : 1; }

} // namespace

std::string hosts::some_key() { return keys_of_hosts[random_() % keys_of_hosts.size()]; }

void hosts::act(engine_process& one) {
  const auto dice = random_() % 100;
  if (dice < 45)
    count(one);
  else if (dice < 75)
    ask_symbols(one);
  else if (dice < 86)
    read(one);
  else if (dice < 91)
    flush(one);
  else if (dice < 96)
    confirm(one);
  else if (dice < 98)
    refresh(one);
  else
    caf::anon_send(one.parts->cache, rejection_reported{random_() % 2 == 0 ? market::spot : market::futures, "S"});
}

template <class Answer, class Actor, class Question>
void hosts::ask(engine_process& one, const Actor& whom, Question question, std::string what, nanoseconds patience,
                std::function<void(std::optional<Answer>, fault)> then) {
  auto open = std::make_shared<waiting>();
  *open = {"opening " + std::to_string(one.opening) + ": " + std::move(what), one.number, now_.awake(), now_.awake() + patience};
  waiting_.push_back(open);
  const scheduler::within its_process{turns_, one.number};
  system_.spawn([&now = now_, whom, question = std::move(question), open, then = std::move(then)](caf::event_based_actor* self) {
    self->request(whom, caf::infinite, question)
      .then(
        [&now, open, then](Answer& given) {
          open->answered = now.awake();
          then(std::optional<Answer>{std::move(given)}, fault::none);
        },
        [&now, open, then](const caf::error& why) {
          open->answered = now.awake();
          then(std::nullopt, fault_of(why));
        });
  });
}

void hosts::count(engine_process& one) {
  for (auto times = 1 + random_() % 5; times > 0; --times) {
    const auto key = some_key();
    const auto amount = direction_of(key) * static_cast<std::int64_t>(1 + random_() % 9);
    one.parts->ledger->add(key, amount);
    truth_.host_counted(one.opening, key, amount);
  }
}

void hosts::ask_symbols(engine_process& one) {
  const auto which = random_() % 2 == 0 ? market::spot : market::futures;
  // As the synchronous call does.
  if (random_() % 2 == 0)
    if (const auto fresh = one.parts->fresh_reply(which)) {
      ++one.questions[index(which)];
      return check_symbols(one, which, true, fresh, fault::none);
    }
  get_symbols question{which, {}, {}};
  const bool had_table = one.parts->board->current(which)->table != nullptr;
  auto patience = had_table ? nanoseconds{1s} : one.parts->settings.fetch_timeout + 1s;
  if (random_() % 2 == 0) {
    patience = std::min(patience, nanoseconds{static_cast<std::int64_t>(random_() % 3'000) * 1'000'000});
    question.deadline = one.parts->clock->boot_now() + patience;
  }
  ++one.questions[index(which)];
  ask<symbols_reply>(one, one.parts->cache, question, "symbols of " + std::string{to_string(which)},
                     patience + (had_table ? nanoseconds{0} : nanoseconds{fallback_patience}) + slack,
                     [this, &one, which, had_table](const std::optional<symbols_reply>& reply, fault why) {
                       check_symbols(one, which, had_table, reply, why);
                     });
}

void hosts::check_symbols(const engine_process& one, market which, bool had_table, const std::optional<symbols_reply>& reply,
                          fault why) {
  const auto who = "opening " + std::to_string(one.opening) + " asked for " + std::string{to_string(which)};
  notes_.mix(reply ? reply->version : static_cast<std::uint64_t>(why));
  if (!reply || !reply->table) {
    if (had_table || one.boards[index(which)].had_table)
      notes_.violate(who + " and got " + to_string(why) + ", although there is a table");
    return;
  }
  if (!reply->stale)
    check_fresh(one, which, *reply->table, who + " and got a fresh one");
}

void hosts::check_fresh(const engine_process& one, market which, const symbol_table& table, const std::string& what) {
  const auto revision = lists_.revision_of(which, table);
  if (!revision)
    return notes_.violate(what + ", which is of no revision of this market");
  const auto outdated = lists_.outdated_since(which, *revision);
  if (outdated > ttl_of(one, which) + travel_max)
    notes_.violate(what + " of revision " + std::to_string(*revision) + ", which is outdated since "
                   + std::to_string(outdated / 1ms) + " ms");
}

void hosts::read(engine_process& one) {
  const auto key = some_key();
  const auto patience = nanoseconds{static_cast<std::int64_t>(100 + random_() % 2'000) * 1'000'000};
  const read_counter question{key, one.parts->clock->boot_now() + patience};
  ask<counter_reading>(one, one.parts->counters, question, "reading " + key, patience + slack,
                       [this, key, opening = one.opening, own = truth_.counted(one.opening, key)](
                         const std::optional<counter_reading>& reading, fault why) {
                         if (!reading)
                           return notes_.violate("reading " + key + " was answered with " + to_string(why));
                         notes_.mix(static_cast<std::uint64_t>(reading->value));
                         const auto most = truth_.counted_by_all(key);
                         if (reading->value * direction_of(key) > most * direction_of(key))
                           notes_.violate("opening " + std::to_string(opening) + " reads " + std::to_string(reading->value) + " of "
                                          + key + ", " + std::to_string(most) + " were counted in all");
                         if (reading->value * direction_of(key) < 0 || (own != 0 && !reading->exists))
                           notes_.violate("opening " + std::to_string(opening) + " reads " + std::to_string(reading->value) + " of " + key);
                       });
}

hosts::upheaval_watch hosts::watch_upheavals(const engine_process& one) const {
  const bool known = one.link->upheavals_known == store_.upheavals() && now_.awake() - one.link->known_since > healing;
  return {store_.upheavals(), store_.upheavals() == 0 || known};
}

void hosts::check_arrived(opening_number opening, const amounts& then, const upheaval_watch& watch, const std::string& what) {
  if (store_.upheavals() != watch.upheavals || !watch.healed)
    return;
  for (const auto& [key, amount] : then)
    if (std::abs(store_.brought(opening, key)) < std::abs(amount))
      notes_.violate("opening " + std::to_string(opening) + ": " + what + " is complete, the store has "
                     + std::to_string(store_.brought(opening, key)) + " of " + std::to_string(amount) + ' ' + key);
}

boot_time hosts::deadline_after(const engine_process& one, nanoseconds patience) const {
  return one.parts->clock->boot_now() + (forgets_deadlines_ ? nanoseconds{1h} : patience);
}

void hosts::flush(engine_process& one) {
  const auto patience = nanoseconds{static_cast<std::int64_t>(100 + random_() % 3'000) * 1'000'000};
  const auto tick = one.parts->settings.flush_interval;
  ask<flush_reply>(one, one.parts->counters, flush_counters{deadline_after(one, patience)}, "a flush",
                   patience + tick + slack,
                   [this, opening = one.opening, counted = truth_.counted(one.opening), watch = watch_upheavals(one)](
                     const std::optional<flush_reply>& reply, fault) {
                     if (reply && reply->complete)
                       check_arrived(opening, counted, watch, "a flush");
                   });
}

void hosts::confirm(engine_process& one) {
  const auto key = some_key();
  const auto amount = direction_of(key);
  const auto patience = nanoseconds{static_cast<std::int64_t>(100 + random_() % 2'000) * 1'000'000};
  const auto tick = one.parts->settings.flush_interval;
  one.parts->ledger->add(key, amount);
  truth_.host_counted(one.opening, key, amount);
  const amounts expected{{key, truth_.counted(one.opening, key)}};
  ask<incr_confirmation>(one, one.parts->counters, incr_counter_confirmed{key, 0, deadline_after(one, patience)},
                         "a confirmation", patience + tick + slack,
                         [this, opening = one.opening, expected, watch = watch_upheavals(one)](
                           const std::optional<incr_confirmation>& reply, fault) {
                           if (reply && reply->in_store)
                             check_arrived(opening, expected, watch, "a confirmation");
                         });
}

void hosts::refresh(engine_process& one) {
  const auto which = random_() % 2 == 0 ? market::spot : market::futures;
  const auto patience = 2 * one.parts->settings.fetch_timeout + 10s;
  ask<refresh_outcome>(one, one.parts->cache, refresh_symbols{which, refresh_reason::operator_request, {}}, "a refresh", patience,
                       [](const std::optional<refresh_outcome>&, fault) {});
}

void hosts::retire(engine_process& one, std::function<void(bool)> then) {
  constexpr auto patience = 720ms;
  one.parts->ledger->stop_counting();
  const auto tick = one.parts->settings.flush_interval;
  ask<flush_reply>(one, one.parts->counters, retire_counters{one.parts->clock->boot_now() + patience}, "the last flush",
                   patience + tick + slack,
                   [this, opening = one.opening, counted = truth_.counted(one.opening), watch = watch_upheavals(one),
                    then = std::move(then)](const std::optional<flush_reply>& reply, fault) {
                     const bool complete = reply && reply->complete;
                     if (complete)
                       check_arrived(opening, counted, watch, "the last flush");
                     then(complete);
                   });
}

void hosts::check_waiting(const std::vector<std::unique_ptr<engine_process>>& processes) {
  for (const auto& one : waiting_) {
    const auto process = std::find_if(processes.begin(), processes.end(), [&](const auto& some) { return some->number == one->process; });
    const bool disturbed = process == processes.end() || (*process)->disturbed_until >= one->asked;
    const auto waited_until = one->answered.value_or(now_.awake());
    if (!disturbed && waited_until > one->due)
      notes_.violate(one->what + (one->answered ? " was answered " : " is not answered ")
                     + std::to_string((waited_until - one->asked) / 1ms) + " ms after it was asked, "
                     + std::to_string((one->due - one->asked) / 1ms) + " were promised");
  }
  std::erase_if(waiting_, [](const auto& one) { return one->answered.has_value(); });
}

void hosts::forget(process_number process) {
  std::erase_if(waiting_, [process](const auto& one) { return one->process == process; });
}

} // namespace holdfast::simulation

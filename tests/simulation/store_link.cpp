#include "tests/simulation/store_link.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <caf/send.hpp>

namespace holdfast::simulation {

namespace {

using namespace std::chrono_literals;
constexpr auto command_timeout = 500ms;
constexpr auto check_interval = 5s;
constexpr std::uint64_t losses_in = 300; // of so many questions one is lost
constexpr std::size_t late_max = 200;
enum reason : std::uint32_t { arrives, answers, overdue, checks, hears_news, is_cut, comes_back };

struct store_link_state {
  static inline const char* name = "store_link";
  link_ptr link;
};
using self_pointer = store_actor::stateful_pointer<store_link_state>;
link_state& of(self_pointer self) { return *self->state.link; }
bool chance(link_state& link, std::uint64_t in) { return link.world->random() % in == 0; }

nanoseconds latency(link_state& link) {
  auto& random = link.world->random;
  return random() % 40 == 0 ? nanoseconds{random() % 200'000'000} : nanoseconds{50'000 + random() % 3'000'000};
}

void tell_listeners(self_pointer self, store_change change) {
  auto& link = of(self);
  for (const auto& listener : link.listeners)
    self->send(listener, store_event{change, link.identity});
}

// Sent questions arrive, up to some point; what a frozen server has in its buffers arrives when nobody waits any more.
void lose(link_state& link, fault why) {
  auto& world = *link.world;
  std::array<bool, 2> arriving{true, true};
  auto questions = std::exchange(link.questions, {});
  for (auto& [number, question] : questions) {
    auto& goes_on = arriving[question.lane];
    if (!question.applied && goes_on && (goes_on = !chance(link, 3))) {
      if (world.stalled && world.late.size() < late_max)
        world.late.push_back(question.apply);
      else
        question.apply();
      question.applied = true;
    }
    if (question.repeatable && question.applied && chance(link, 4) && world.late.size() < late_max)
      world.late.push_back(question.apply);
    if (question.fail)
      question.fail(why);
  }
}

void go_down(self_pointer self) {
  auto& link = of(self);
  if (!link.up)
    return;
  link.up = false;
  link.status.up = false;
  link.world->notes.note("process " + std::to_string(link.process) + ": link down");
  lose(link, fault::store_away);
  tell_listeners(self, store_change::link_down);
  self->delayed_send(self, nanoseconds{50'000'000 + link.world->random() % 1'000'000'000}, wake{comes_back, 0});
}

void take_identity(self_pointer self) {
  auto& link = of(self);
  const auto found = link.world->store.identify();
  const bool changed = link.identity_known && found != link.identity;
  link.identity_known = true;
  link.identity = link.status.identity = found;
  if (std::exchange(link.upheavals_known, link.world->store.upheavals()) != link.upheavals_known)
    link.known_since = link.world->now.awake();
  if (changed) {
    link.world->notes.note("process " + std::to_string(link.process) + ": the store is another one");
    tell_listeners(self, store_change::identity);
  }
}

void come_back(self_pointer self) {
  auto& link = of(self);
  if (link.up)
    return;
  if (link.world->refuses_links || link.world->stalled) {
    self->delayed_send(self, nanoseconds{100'000'000 + link.world->random() % 900'000'000}, wake{comes_back, 0});
    return;
  }
  link.up = link.status.up = true;
  link.lane_free = {};
  link.world->notes.note("process " + std::to_string(link.process) + ": link up");
  take_identity(self);
  tell_listeners(self, store_change::link_up);
}

void arrive(self_pointer self, std::uint64_t number) {
  auto& link = of(self);
  const auto found = link.questions.find(number);
  if (found == link.questions.end() || link.world->stalled)
    return; // lost, or never answered: `overdue` comes
  const bool lost = link.world->faults && chance(link, losses_in);
  if (lost && chance(link, 2))
    return go_down(self);
  found->second.apply();
  found->second.applied = true;
  if (lost)
    return go_down(self);
  auto& free = link.lane_free[found->second.lane];
  free = std::max(free, link.world->now.awake() + latency(link));
  self->delayed_send(self, free - link.world->now.awake(), wake{answers, number});
}

void answer(self_pointer self, std::uint64_t number) {
  auto& link = of(self);
  const auto found = link.questions.find(number);
  if (found == link.questions.end())
    return;
  auto question = std::move(found->second);
  link.questions.erase(found);
  question.answer();
}

void wake_up(self_pointer self, const wake& due) {
  auto& link = of(self);
  switch (due.what) {
    case arrives: return arrive(self, due.number);
    case answers: return answer(self, due.number);
    case overdue:
      if (link.questions.contains(due.number))
        go_down(self);
      return;
    case checks:
      if (link.up && !link.world->stalled)
        take_identity(self);
      self->delayed_send(self, check_interval, wake{checks, 0});
      return;
    case hears_news:
      if (const auto news = link.news.extract(due.number); !news.empty() && link.up)
        for (const auto& listener : link.listeners)
          self->send(listener, news.mapped());
      return;
    case is_cut: return go_down(self);
    case comes_back: return come_back(self);
    default: return;
  }
}
template <class Answer>
struct promised {
  caf::typed_response_promise<Answer> promise;
  std::optional<answered<Answer>> result;
};

template <class Answer, class Question>
caf::result<Answer> ask(self_pointer self, const Question& question, std::size_t lane,
                        std::function<answered<Answer>(const Question&)> carry_out, bool repeatable = false) {
  auto& link = of(self);
  ++link.status.commands;
  if (!link.up)
    return make_error(fault::store_away);
  if (question.deadline < link.clock->boot_now())
    return make_error(fault::deadline);
  const auto number = ++link.numbers;
  auto kept = std::make_shared<promised<Answer>>();
  kept->promise = self->template make_response_promise<Answer>();
  link_question next;
  next.lane = lane;
  next.repeatable = repeatable;
  next.apply = [kept, carry_out, question] {
    auto result = carry_out(question);
    if (!kept->result)
      kept->result = std::move(result);
  };
  next.answer = [kept] {
    if (*kept->result)
      kept->promise.deliver(std::move(**kept->result));
    else
      kept->promise.deliver(make_error(kept->result->error()));
  };
  next.fail = [kept](fault why) { kept->promise.deliver(make_error(why)); };
  link.questions.emplace(number, std::move(next));
  auto& free = link.lane_free[lane];
  free = std::max(free, link.world->now.awake() + latency(link));
  self->delayed_send(self, free - link.world->now.awake(), wake{arrives, number});
  self->delayed_send(self, command_timeout, wake{overdue, number});
  return kept->promise;
}

template <class Question>
caf::result<done> confirm(self_pointer self, const Question& question, std::size_t lane,
                          answered<bool> (shared_store::*operation)(const Question&), bool repeatable = false) {
  auto* store = &of(self).world->store;
  return ask<done, Question>(
    self, question, lane,
    [store, operation](const Question& what) -> answered<done> {
      const auto result = (store->*operation)(what);
      if (!result)
        return unexpected{result.error()};
      return done{};
    },
    repeatable);
}

template <class Answer, class Question>
caf::result<Answer> query(self_pointer self, const Question& question, std::size_t lane,
                          answered<Answer> (shared_store::*operation)(const Question&), bool repeatable = false) {
  auto* store = &of(self).world->store;
  return ask<Answer, Question>(
    self, question, lane, [store, operation](const Question& what) { return (store->*operation)(what); }, repeatable);
}

caf::result<store_value> read(self_pointer self, const store_read& question) {
  const auto link = self->state.link;
  return ask<store_value, store_read>(self, question, 1, [link](const store_read& what) -> answered<store_value> {
    auto found = link->world->store.read(what);
    if (found && link->world->bug == link_bug::mixes_replies && link->world->random() % 6 == 0)
      std::swap(*found, link->stale_reply);
    return found;
  });
}

caf::result<store_merge_reply> merge(self_pointer self, const store_merge& batch) {
  auto& link = of(self);
  if (!link.up && link.world->bug == link_bug::claims_merged) {
    store_merge_reply reply;
    reply.verdicts.assign(batch.rows.size(), merge_verdict{merge_outcome::merged, {}, {}});
    reply.epoch = link.identity.epoch;
    return reply;
  }
  return query<store_merge_reply>(self, batch, 0, &shared_store::merge, true);
}

store_actor::behavior_type store_link(self_pointer self, link_ptr link) {
  self->state.link = std::move(link);
  of(self).handle = self;
  of(self).status.kind = "redis";
  self->send(self, wake{comes_back, 0});
  self->delayed_send(self, check_interval, wake{checks, 0});
  return {
    [self](const store_read& question) { return read(self, question); },
    [self](const store_write& what) { return confirm(self, what, 1, &shared_store::write); },
    [self](const store_erase& what) { return confirm(self, what, 1, &shared_store::erase); },
    [self](const store_symbols& what) { return confirm(self, what, 1, &shared_store::write_symbols, true); },
    [self](const store_merge& batch) { return merge(self, batch); },
    [self](const store_read_counters& reads) {
      return query<store_counters_found>(self, reads, 0, &shared_store::read_counters);
    },
    [self](const store_list_counters& wanted) { return query<store_keys>(self, wanted, 1, &shared_store::list_counters); },
    [self](const store_raise& what) { return confirm(self, what, 0, &shared_store::raise, true); },
    [self](const lease_wanted& wanted) { return query<lease_reply>(self, wanted, 0, &shared_store::lease); },
    [self](const lease_returned& back) { return confirm(self, back, 0, &shared_store::return_lease); },
    [](const store_rate_limits&) -> caf::result<store_rate_limits_reply> { return make_error(fault::store_refused); },
    [](const store_announce&) { return done{}; },
    [self](const store_listen& wish) {
      of(self).listeners.push_back(wish.listener);
      if (of(self).up)
        self->send(wish.listener, store_event{store_change::link_up, of(self).identity});
    },
    [self](const get_store_status&) { return of(self).status; },
    [self](const wake& due) { wake_up(self, due); },
    [](const store_add_distinct&) -> caf::result<done> { return make_error(fault::store_refused); },
    [](const store_count_distinct&) -> caf::result<store_distinct_found> { return make_error(fault::store_refused); },
  };
}

} // namespace

store_actor start_link(caf::actor_system& system, const link_ptr& link) { return system.spawn(store_link, link); }
void cut(const link_ptr& link) {
  if (link->handle)
    caf::anon_send(link->handle, wake{is_cut, 0});
}

void drop_questions(const link_ptr& link) {
  for (auto& [number, question] : link->questions) {
    question.applied = true;
    question.repeatable = false;
  }
}

void abandon(const link_ptr& link) {
  for (auto& [number, question] : link->questions)
    question.fail = nullptr;
  lose(*link, fault::store_away);
  link->up = false;
  link->handle = nullptr;
  link->listeners.clear();
}

void tell(const link_ptr& link, const symbols_announced& news) {
  if (!link->handle || !link->up || chance(*link, 10))
    return;
  const auto number = ++link->numbers;
  link->news.emplace(number, news);
  caf::delayed_anon_send(link->handle, latency(*link), wake{hears_news, number});
}

} // namespace holdfast::simulation

#include "actors/redis_store.hpp"

#include <random>

#include "actors/redis_store_parts.hpp"
#include "actors/spawn_waiting.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using namespace redis_store_parts;

constexpr std::size_t bulk_bytes = 64 * 1024;
constexpr std::size_t value_bytes_max = 64u << 20; // what could be read back

void wake_up(self_pointer self, const wake& why) {
  switch (why.what) {
    case drain_mailbox: return drain(self);
    case attempt_ended: return take_attempt(self);
    case renew_link: return renew(self);
    case announcement_heard: return tell_announcements(self);
    default:
      if (why.number == self->state.timer)
        look_after(self);
  }
}

// Whether the second connection is to answer: with the link down nobody needs to ask it.
bool is_for_bulk(self_pointer self) {
  const auto& state = self->state;
  return state.bulk && (state.link || state.hopeful);
}

template <class Answer, class Question, class Handle>
auto large(self_pointer self, Handle handle) {
  return [self, handle](Question& question) -> caf::result<Answer> {
    if (is_for_bulk(self))
      return self->delegate(self->state.bulk, std::move(question));
    return handle(self, question);
  };
}

caf::result<done> write(self_pointer self, store_write& what) {
  if (what.value.size() > value_bytes_max)
    return make_error(fault::bad_request, "a value of more than 64 MiB");
  if (what.value.size() > bulk_bytes && is_for_bulk(self))
    return self->delegate(self->state.bulk, std::move(what));
  return write_value(self, what);
}

void start(self_pointer self) {
  auto& state = self->state;
  std::random_device random;
  state.retry = backoff{50ms, 2s, random()};
  state.writes.retry = backoff{100ms, 5s, random()};
  state.merges.retry = backoff{2s, 10s, random()};
  state.status.kind = "redis";
  state.status.endpoint = state.settings.url.endpoint();
  state.scan = std::make_shared<foreign_scan>();
  if (!state.settings.forbidden)
    state.settings.forbidden = std::make_shared<forbidden_writes>();
  if (state.settings.bulk)
    return;
  auto second = state.settings;
  second.bulk = true;
  state.bulk = spawn_waiting<caf::linked>(*self, true, "redis_store", redis_store, std::move(second), state.clock);
  open_subscription(self);
  start_attempt(self);
}

} // namespace

// The attempt that is under way, whose end is waited for, is to end now.
redis_store_state::~redis_store_state() { settings.ends->set(boot_clock::now()); }

store_actor::behavior_type redis_store(self_pointer self, redis_store_settings settings, clock_ptr clock) {
  self->state.settings = std::move(settings);
  self->state.clock = std::move(clock);
  start(self);
  return {
    large<store_value, store_read>(self, read_value),
    [self](store_write& what) { return write(self, what); },
    [self](const store_erase& what) { return erase(self, what); },
    large<done, store_symbols>(self, write_symbols),
    [self](const store_merge& batch) { return merge(self, batch); },
    [self](const store_read_counters& reads) { return redis_store_parts::read_counters(self, reads); },
    large<store_keys, store_list_counters>(self, list_counters),
    [self](const store_raise& what) { return raise(self, what); },
    [self](const lease_wanted& wanted) { return take_lease(self, wanted); },
    [self](const lease_returned& back) { return return_lease(self, back); },
    [self](const store_rate_limits& wanted) { return decide_rate_limits(self, wanted); },
    [self](const store_announce& what) { return announce(self, what); },
    [self](const store_listen& wish) {
      self->state.listeners.push_back(wish.listener);
      if (self->state.link)
        self->send(wish.listener, store_event{store_change::link_up, self->state.status.identity});
    },
    [self](const get_store_status&) { return status_of(self); },
    [self](const wake& why) { wake_up(self, why); },
    [self](store_add_distinct& what) { return add_distinct(self, what); },
    [self](const store_count_distinct& what) { return count_distinct(self, what); },
  };
}

} // namespace holdfast

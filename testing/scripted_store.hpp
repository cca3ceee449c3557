// A store that does as a test says: a real one in memory, behind an actor that lets questions through, refuses them, or keeps
// them. Merges, fences, leases and TTLs are therefore those of production.
//
// Lives    longer than engines: what one has stored the next one finds.
// Threads  one: the test's, on which the actors run too.
// Errors   while it is away every question is answered `store_away` at once, and its listeners are told once; whatever else
//          becomes of it meanwhile they hear when it is back.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <holdfast/engine/means.hpp>
#include <holdfast/messages/interfaces.hpp>

namespace holdfast::testing {

class scripted_store {
public:
  // The link goes down.
  void go_away() { set_link(false); }
  void come_back() { set_link(true); } // up again, with all that was stored; unless away, nothing happens
  // Whether it is, from go_away() on; the engine learns of it in the next run().
  bool away() const noexcept { return state_->away; }

  // Writes and merges are answered so from now on; fault::none: carried out again. Reads go on.
  void refuse(fault why) { state_->refusal = why; }

  // Questions are kept until answer_again().
  void hang() { state_->hangs = true; }
  // Ends hang(): what was kept is carried out in the next run(), in its order.
  void answer_again() {
    state_->hangs = false;
    poke(answer_kept);
  }

  // Ends the store itself, which outlives engines; before the actor system ends.
  void close() {
    if (state_->behind)
      caf::anon_send_exit(std::exchange(state_->behind, {}), caf::exit_reason::user_shutdown);
  }

  // As FLUSHALL does: everything is gone, and the store is another one.
  void empty() { poke(be_emptied); }

  // Questions that only read, so far, answered or not.
  unsigned reads() const noexcept { return state_->reads; }
  // Likewise, those that write; leases, limits and announcements are not counted.
  unsigned writes() const noexcept { return state_->writes; }
  unsigned merges() const noexcept { return state_->merges; } // likewise, merges of counters; not among writes()

  // Null before an engine has started it.
  const store_actor& handle() const noexcept { return state_->front; }

  // What an engine starts.
  store_starter starter() const {
    return [state = state_](caf::actor_system& system, const clock_ptr& clock, const telemetry_ptr&) {
      state->front = system.spawn(&scripted_store::act, state, clock);
      return state->front;
    };
  }

private:
  enum : std::uint32_t { link_changed = 1, answer_kept, be_emptied };

  struct hearing {
    store_listener listener;
    bool listens = false; // to the store behind, which has told it that the link is up
    bool met = false;     // it did before: that there is another store behind is news
  };
  struct script {
    bool away = false;
    bool hangs = false;
    fault refusal = fault::none;
    unsigned reads = 0, writes = 0, merges = 0;
    std::vector<std::function<void()>> kept;
    std::vector<hearing> listeners;
    store_actor front;
    store_actor behind;
  };
  using script_ptr = std::shared_ptr<script>;

  void poke(std::uint32_t what) {
    if (state_->front)
      caf::anon_send(state_->front, wake{what, 0});
  }
  void set_link(bool up) {
    if (state_->away != up)
      return;
    state_->away = !up;
    poke(link_changed);
  }

  // Lets one question through, or says why not.
  template <class Answer, class Question>
  static auto gate(store_actor::pointer self, script_ptr state, unsigned script::*count, bool changes) {
    return [=](Question& question) -> caf::result<Answer> {
      if (count)
        ++((*state).*count);
      if (state->away)
        return make_error(fault::store_away);
      if (changes && state->refusal != fault::none)
        return make_error(state->refusal);
      if (!state->hangs)
        return self->delegate(state->behind, std::move(question));
      auto promise = self->make_response_promise<Answer>();
      state->kept.push_back([promise, state, question]() mutable { promise.delegate(state->behind, std::move(question)); });
      return promise;
    };
  }

  static void tell(const script& state, store_change change, const store_identity& identity) {
    for (const auto& one : state.listeners)
      caf::anon_send(one.listener, store_event{change, identity});
  }
  static void begin_to_listen(store_actor::pointer self, const script& state, hearing& one) {
    one.listens = one.met = true;
    self->send(state.behind, store_listen{one.listener});
  }
  // The link is up: `returned`, or for a store that was emptied behind it.
  static void tell_up(store_actor::pointer self, script& state, bool returned, const store_identity& identity) {
    for (auto& one : state.listeners) {
      if (!one.listens && one.met)
        self->send(one.listener, store_event{store_change::identity, identity});
      if (!one.listens)
        begin_to_listen(self, state, one);
      else if (returned)
        self->send(one.listener, store_event{store_change::link_up, identity});
    }
  }

  static void woken(store_actor::pointer self, const script_ptr& state, const clock_ptr& clock, const wake& why) {
    if (why.what == answer_kept)
      for (const auto& one : std::exchange(state->kept, {}))
        one();
    if (why.what == be_emptied) {
      self->send_exit(state->behind, caf::exit_reason::user_shutdown);
      state->behind = start_memory_store(self->system(), clock);
      for (auto& one : state->listeners)
        one.listens = false;
    }
    if (why.what == link_changed && state->away)
      return tell(*state, store_change::link_down, {});
    if (why.what == answer_kept || state->away)
      return;
    self->request(state->behind, caf::infinite, get_store_status{})
      .then([self, state, returned = why.what == link_changed](const store_status& status) {
        if (!state->away)
          tell_up(self, *state, returned, status.identity);
      });
  }

  static store_actor::behavior_type act(store_actor::pointer self, script_ptr state, clock_ptr clock) {
    if (!state->behind)
      state->behind = start_memory_store(self->system(), clock);
    self->attach_functor([state] {
      state->front = nullptr;
      state->kept.clear();
      state->listeners.clear();
    });
    return {
      gate<store_value, store_read>(self, state, &script::reads, false),
      gate<done, store_write>(self, state, &script::writes, true),
      gate<done, store_erase>(self, state, &script::writes, true),
      gate<done, store_symbols>(self, state, &script::writes, true),
      gate<store_merge_reply, store_merge>(self, state, &script::merges, true),
      gate<store_counters_found, store_read_counters>(self, state, &script::reads, false),
      gate<store_keys, store_list_counters>(self, state, &script::reads, false),
      gate<done, store_raise>(self, state, &script::writes, true),
      gate<lease_reply, lease_wanted>(self, state, nullptr, true),
      gate<done, lease_returned>(self, state, nullptr, true),
      gate<store_rate_limits_reply, store_rate_limits>(self, state, nullptr, true),
      gate<done, store_announce>(self, state, nullptr, true),
      [self, state](store_listen& wish) {
        auto& one = state->listeners.emplace_back(hearing{std::move(wish.listener)});
        if (!state->away)
          begin_to_listen(self, *state, one);
      },
      [self, state](const get_store_status& question) {
        auto promise = self->make_response_promise<store_status>();
        self->request(state->behind, caf::infinite, question).then([state, promise](store_status& status) mutable {
          status.kind = "scripted";
          status.up = !state->away;
          status.takes_writes = state->refusal == fault::none;
          promise.deliver(std::move(status));
        });
        return promise;
      },
      [self, state, clock](const wake& why) { woken(self, state, clock, why); },
      gate<done, store_add_distinct>(self, state, &script::writes, true),
      gate<store_distinct_found, store_count_distinct>(self, state, &script::reads, false),
    };
  }

  script_ptr state_ = std::make_shared<script>();
};

} // namespace holdfast::testing

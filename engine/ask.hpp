// Private: questions from outside the actor system, with a deadline each.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include "engine/host_callback.hpp"
#include "messages/fault.hpp"

namespace holdfast {

inline std::chrono::nanoseconds at_least_1ms(std::chrono::nanoseconds wait) {
  return std::max<std::chrono::nanoseconds>(wait, std::chrono::milliseconds{1});
}

// Where a question is asked from.
struct asking_side {
  caf::actor_system& system;
  const std::function<void()>& drive; // as in engine_means
};

// Blocks the calling thread. None, and the reason in `why`, where there is no answer in time.
template <class Answer, class Actor, class Question>
std::optional<Answer> ask(asking_side from, const Actor& whom, std::chrono::nanoseconds timeout, Question question,
                          fault* why = nullptr) noexcept {
  std::optional<Answer> answer;
  fault failure = fault::none;
  try {
    caf::scoped_actor self{from.system};
    auto asked = self->request(whom, from.drive ? caf::infinite : caf::duration{at_least_1ms(timeout)}, std::move(question));
    if (from.drive)
      from.drive();
    if (from.drive && self->mailbox().empty())
      failure = fault::deadline;
    else
      asked.receive([&](Answer& given) { answer = std::move(given); },
                    [&](const caf::error& error) { failure = fault_of(error); });
  } catch (...) {
    failure = fault::stopping;
  }
  if (why && failure != fault::none)
    *why = failure;
  return answer;
}

// Blocks nobody: `then(std::optional<Answer>, fault)` is called once, on a thread of the actor system, unless the system ends
// before. What it throws is told in the log.
template <class Answer, class Actor, class Question, class Callback>
void ask_later(caf::actor_system& system, const Actor& whom, std::chrono::nanoseconds timeout, Question question,
               Callback then) {
  system.spawn([whom, timeout, question = std::move(question), then = std::move(then)](caf::event_based_actor* self) {
    // Who stops while it owes us an answer will not give it.
    self->monitor(whom);
    self->set_down_handler([self, then](const caf::down_msg&) {
      call_safely(then, std::optional<Answer>{}, fault::stopping);
      self->quit();
    });
    self->request(whom, at_least_1ms(timeout), question)
      .then(
        [self, then, address = whom.address()](Answer& given) {
          call_safely(then, std::optional<Answer>{std::move(given)}, fault::none);
          // A monitor outlives its actor in the one that is monitored, and keeps its memory.
          self->demonitor(address);
          self->quit();
        },
        [self, then, address = whom.address()](const caf::error& why) {
          call_safely(then, std::optional<Answer>{}, fault_of(why));
          self->demonitor(address);
          self->quit();
        });
  });
}

} // namespace holdfast

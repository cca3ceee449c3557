// A request whose outcome is the outcome of a task: an answer is a success, an error or a request that is given up an error.
//
//   request_as_task<order_report>(self, engine.task("reconcile_orders"), orders, 5s, order_query{},
//     [](const order_report& report) { ... },
//     [](const caf::error& why) { ... });
//
// Where an answer may tell of a failure itself, the first handler takes the run, too, and speaks for it:
//
//     [](task_run& run, const order_report& report) { if (!report.complete) run.fail("incomplete"); }
//
// Threads  the actor's own.
// Errors   an actor that ends before the answer has abandoned the run: an error.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <caf/deep_to_string.hpp>
#include <caf/error.hpp>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/task.hpp>

namespace holdfast {

// For people. What an error of another category tells needs the actor system that knows its name: its number is told.
HOLDFAST_EXPORT std::string text_of(const caf::error& why);

// `then` takes the answer, or the run and the answer; `otherwise` takes the error, once the run has failed with it.
template <class Answer, class Self, class Actor, class Question, class Then, class Otherwise>
inline void request_as_task(Self* self, task_run run, const Actor& whom, std::chrono::nanoseconds timeout, Question&& question,
                     Then then, Otherwise otherwise) {
  run.must_tell();
  const auto held = std::make_shared<task_run>(std::move(run));
  self->request(whom, timeout, std::forward<Question>(question))
    .then(
      [held, then](Answer& answer) mutable {
        if constexpr (std::is_invocable_v<Then&, task_run&, Answer&>)
          then(*held, answer);
        else
          then(answer);
        held->succeed();
      },
      [held, otherwise](caf::error& why) mutable {
        held->fail(text_of(why));
        otherwise(why);
      });
}

} // namespace holdfast

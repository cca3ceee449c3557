// Private: questions to an engine's actors, which nobody answers in a forked child: every thread but the caller's is the parent's.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "engine/ask.hpp"
#include "engine/parts.hpp"

namespace holdfast {

// As ask(); in a forked child none at once.
template <class Answer, class Actor, class Question>
std::optional<Answer> ask_if_alive(const engine_parts& all, const Actor& whom, std::chrono::nanoseconds timeout, Question question,
                                   fault* why = nullptr) noexcept {
  if (!all.ledger->forked())
    return ask<Answer>({all.system, all.means.drive}, whom, timeout, std::move(question), why);
  if (why)
    *why = fault::stopping;
  return std::nullopt;
}

// As ask_later(); in a forked child `then` is called at once.
template <class Answer, class Actor, class Question, class Callback>
void ask_later_if_alive(const engine_parts& all, const Actor& whom, std::chrono::nanoseconds timeout, Question question,
                        Callback then) {
  if (all.ledger->forked())
    call_safely(then, std::optional<Answer>{}, fault::stopping);
  else
    ask_later<Answer>(all.system, whom, timeout, std::move(question), std::move(then));
}

} // namespace holdfast

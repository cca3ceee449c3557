// Private: calls what a host gave us to be called.
#pragma once

#include <utility>

namespace holdfast {

// Says it in the log: the first time, and with their count the 10th, 100th, ...
void note_thrown_by_callback() noexcept;

// What the host's callback throws ends neither the thread that calls it nor an actor.
template <class Callback, class... Given>
void call_safely(const Callback& callback, Given&&... given) noexcept {
  try {
    callback(std::forward<Given>(given)...);
  } catch (...) {
    note_thrown_by_callback();
  }
}

} // namespace holdfast

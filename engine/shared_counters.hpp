// Private to the gateway: counters for many who look at the same time. However many pages are open, those who take a reading
// that is a little old cost the store one.
//
// Threads  any.
// Bounds   one reading and one question at a time; only of the pattern that is shared.
// Errors   a reading that failed is told to those who waited for it, and kept for nobody.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "messages/fault.hpp"
#include "runtime/clock.hpp"

namespace holdfast {

struct counters_seen {
  boot_time asked_at{};
  std::shared_ptr<const std::string> json; // null: nobody answered
  bool stale = false;                      // the store did not tell everything now: older values are among them
  fault error = fault::none;
};

// Asks the engine. Called once: at once, or later on a thread of the actor system.
void look_at_counters(engine& host, std::string_view glob, std::function<void(counters_seen)> seen);

class shared_counters : public std::enable_shared_from_this<shared_counters> {
public:
  using callback = std::function<void(const counters_seen&)>;

  // All metrics, as they were asked for at most `max_age` ago or with a question that is under way.
  void look(engine& host, std::chrono::nanoseconds max_age, callback seen);

private:
  void arrived(counters_seen seen);

  std::mutex mutex_;
  counters_seen newest_;
  std::vector<callback> waiting_; // not empty: the question is under way
};

} // namespace holdfast

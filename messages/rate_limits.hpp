// What is said about rate limits: between the rate limiter and the store, and by whoever wants to be admitted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/messages/fault.hpp>
#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/limiter_core.hpp>
#include <holdfast/runtime/rate_decision.hpp>

namespace holdfast {

struct rate_question {  // about one key
  std::string key;      // rate_limit:<subject>:<action>
  rate_request request; // at most rate_amounts_max amounts
};

struct rate_answer {                  // to one question
  fault error = fault::none;          // of this question alone; it may have been carried out all the same
  std::vector<rate_verdict> verdicts; // as many as amounts, in their order; none with an error
};

// Each question is one atomic decision on the store's clock. An error instead of the answer means that any of them may
// have been carried out: what was counted without having been used only makes the limit tighter.
struct store_rate_limits {
  std::vector<rate_question> questions; // decided one after another; one that fails may fail them all
  std::string process;                  // whom to note as alive; empty: nobody this time
  boot_time deadline;                   // on the boot clock; none is begun after it
};

struct store_rate_limits_reply { // of a store
  std::vector<rate_answer> answers; // as many as questions, in their order
  std::int64_t processes = 0;       // noted in the last 30 s; 0: not asked
};

// Anybody -> rate limiter: am I admitted? Answered with rate_decision within options.deadline; a limit that cannot be is
// `bad_request`, with words.
struct acquire_permits {
  std::string key;                    // rate_limit:<subject>:<action>
  std::int64_t limit = 0;             // admissions over any window, at most rate_limit_max
  std::chrono::nanoseconds window{0}; // from rate_window_min to rate_window_max
  std::uint32_t amount = 1;           // 0 only looks
  limiter_options options;            // a limit with other options is another one, though the store counts both under the key
};

// A limiter handle's own question. Whoever claims it answers it: the rate limiter, or the caller at its deadline. One that is
// forgotten, because its rate limiter has stopped, is answered blindly.
class awaited_permits {
public:
  // `callback` is called once, by whoever answers, within `patience` from `now`.
  awaited_permits(limiter_core_ptr of, std::uint32_t wanted, boot_time now, std::chrono::nanoseconds patience,
                  std::function<void(rate_decision)> callback)
    : core{std::move(of)}, amount{wanted}, since{now}, deadline{now + patience}, then_{std::move(callback)} {}
  ~awaited_permits() {
    if (claim())
      answer(core->decide_blind(amount));
  }
  awaited_permits(const awaited_permits&) = delete;
  awaited_permits& operator=(const awaited_permits&) = delete;

  // As long as the limit gives the store: only then the store has failed. A caller may have less time.
  bool waited_in_full(boot_time now) const noexcept { return now - since >= core->limit().options.deadline; }
  // True for the first who claims.
  bool claim() noexcept { return !claimed_.exchange(true); }
  // Pre: claimed.
  void answer(const rate_decision& decision) noexcept {
    try {
      then_(decision);
    } catch (...) { // the caller's own
    }
  }

  const limiter_core_ptr core; // the limit; never null
  const std::uint32_t amount;  // 0 only looks
  const boot_time since;       // asked
  const boot_time deadline;    // past it the caller has claimed it

private:
  std::function<void(rate_decision)> then_;
  std::atomic<bool> claimed_{false};
};

struct permits_awaited { // limiter handle -> rate limiter
  std::shared_ptr<awaited_permits> who; // never null; may have been claimed by its caller meanwhile
};

// A limiter handle -> rate limiter: its lease runs low.
struct lease_low {
  limiter_core_ptr core; // the limit that the lease is of; never null
};

struct get_rate_limiter_status {}; // answered with rate_limiter_status

struct rate_limiter_status { // of this process
  std::uint64_t limits = 0;    // known to this process
  std::int64_t processes = 0;  // that decide rate limits on this store, as last seen
  std::uint64_t waiting = 0;   // for the store
  std::uint64_t decided = 0;   // amounts that the store decided
  std::uint64_t unanswered = 0; // amounts that it did not: decided blindly
  std::string last_error;      // of the store; empty once it answers again
};

} // namespace holdfast

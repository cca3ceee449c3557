// Private to redis_store: what its files share. redis_store.cpp has the behaviour, redis_store_link.cpp the life of the
// link, redis_store_drain.cpp the pipelines, redis_store_questions.cpp, redis_store_readings.cpp, redis_store_rate_limits.cpp and
// redis_store_lists.cpp what is asked and how answers are read.
#pragma once

#include <array>
#include <charconv>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <caf/result.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/redis_connection.hpp"
#include "actors/redis_scripts.hpp"
#include "actors/redis_store.hpp"
#include "config/keys.hpp"

namespace holdfast {

// An attempt to connect, on a thread of its own, whose end is waited for at the latest when this goes; see settings.ends.
struct redis_attempt {
  std::future<expected<redis_connection, redis_failure>> result;
};

// The newest announcement of each market, on its way from the subscription's thread.
struct heard_announcements {
  std::mutex mutex;
  std::array<std::optional<table_order>, market_count> newest;
};

// What the server does not let this user write, until it does.
struct forbidden_writes {
  std::mutex mutex;
  std::map<std::string_view, std::string> why; // by pending_question::what; in the server's words
};

// Goes through all keys for counters of other programs, a bounded part with each look.
struct foreign_scan {
  std::string cursor = "0";      // where the next step goes on
  std::set<std::string> round;   // found since the begin of the keys
  std::uint64_t round_left_out = 0;
  std::set<std::string> known;   // by the last whole round, and by the running one
  std::uint64_t left_out = 0;    // of the last whole round: found and not kept
  bool complete = false;         // a round has come to the end of all keys
  boot_time looked_at{};         // 0: never
};

} // namespace holdfast

namespace holdfast::redis_store_parts {

using self_pointer = store_actor::stateful_pointer<redis_store_state>;

enum wake_reason : std::uint32_t { drain_mailbox, look_after_link, attempt_ended, renew_link, announcement_heard };

// Link.
void start_attempt(self_pointer self);
void take_attempt(self_pointer self);
// Questions wait for the new connection; nobody is told.
void renew(self_pointer self);
// Everything that waits is answered; the next attempt comes after a backoff, or rarely.
void link_failed(self_pointer self, const std::string& why, bool rarely = false);
void look_after(self_pointer self);
void pause(self_pointer self, redis_pause& what, fault answer, const std::string& why);
void resume(self_pointer self, redis_pause& what);
// `why` empty: the server takes it.
void note_permission(self_pointer self, std::string_view what, const std::string& why);
store_status status_of(self_pointer self);
void open_subscription(self_pointer self);
// Now and then, a step at a time: fields of writers that were retired a month ago go.
void forget_retired(self_pointer self);
void tell_announcements(self_pointer self);

// Pipelines.
void drain(self_pointer self);
void queue(self_pointer self, pending_question question);
void fail_waiting(self_pointer self, fault why, const std::string& detail);

// Questions.
caf::typed_response_promise<store_value> read_value(self_pointer self, const store_read& question);
caf::typed_response_promise<done> write_value(self_pointer self, const store_write& what);
caf::typed_response_promise<done> erase(self_pointer self, const store_erase& what);
caf::typed_response_promise<done> write_symbols(self_pointer self, const store_symbols& symbols);
caf::typed_response_promise<store_merge_reply> merge(self_pointer self, const store_merge& batch);
caf::typed_response_promise<store_counters_found> read_counters(self_pointer self, const store_read_counters& reads);
caf::typed_response_promise<store_keys> list_counters(self_pointer self, const store_list_counters& wanted);
caf::typed_response_promise<done> raise(self_pointer self, const store_raise& what);
caf::typed_response_promise<lease_reply> take_lease(self_pointer self, const lease_wanted& wanted);
caf::typed_response_promise<done> return_lease(self_pointer self, const lease_returned& back);
caf::typed_response_promise<store_rate_limits_reply> decide_rate_limits(self_pointer self, const store_rate_limits& wanted);
caf::typed_response_promise<done> announce(self_pointer self, const store_announce& what);
caf::typed_response_promise<done> add_distinct(self_pointer self, store_add_distinct& what);
caf::typed_response_promise<store_distinct_found> count_distinct(self_pointer self, const store_count_distinct& what);

redis_call script(redis_script which, const std::vector<std::string>& names, std::vector<std::string> arguments);

inline std::string word(std::string_view text) { return std::string{text}; }

inline redis_call call(redis_command words) { return {std::move(words), {}}; }

inline bool is_text_or_nil(const redis_reply& reply) {
  return reply.what == redis_reply::kind::text || reply.what == redis_reply::kind::nil;
}

template <class Number>
std::optional<Number> to_number(std::string_view text) noexcept {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

// Queues a question whose answer goes to whoever sent the message that is being handled. `read` gets the promise and
// the replies; it answers whether the replies are of this question at all.
template <class Answer, class Read>
caf::typed_response_promise<Answer> ask(self_pointer self, boot_time deadline, redis_errand errand,
                                        std::vector<redis_call> calls, Read read, std::string_view what = {}) {
  auto promise = self->make_response_promise<Answer>();
  queue(self, {std::move(calls), errand, deadline,
               [promise, read](std::span<redis_reply> replies) mutable { return read(promise, replies); },
               [promise](fault why, const std::string& detail) mutable { promise.deliver(make_error(why, detail)); }, false, what});
  return promise;
}

} // namespace holdfast::redis_store_parts

#include <algorithm>
#include <iterator>
#include <memory>
#include <unordered_set>

#include "actors/redis_store_parts.hpp"
#include "runtime/glob.hpp"

namespace holdfast::redis_store_parts {

namespace {

using namespace std::chrono_literals;
using kind = redis_reply::kind;

// Foreign counters are looked for rarely: one look takes 100,000 keys at most, in steps that let other questions pass, and the next
// one goes on from there.
constexpr auto scan_interval = 10s;
constexpr int scan_steps_max = 100;
constexpr const char* keys_per_step = "1000";
constexpr std::size_t foreign_max = 20'000;

struct listing {
  caf::typed_response_promise<store_keys> promise;
  std::string glob;
  boot_time deadline;
  std::vector<std::string> found;      // own counters that match
  std::unordered_set<std::string> own; // all of them
  int steps = 0;
};
using listing_ptr = std::shared_ptr<listing>;

bool is_list_of_texts(const redis_reply& reply) {
  return reply.what == kind::array
         && std::all_of(reply.elements.begin(), reply.elements.end(), [](const auto& one) { return one.what == kind::text; });
}

void finish(listing& list, bool complete = true, std::uint64_t left_out = 0) {
  std::sort(list.found.begin(), list.found.end());
  list.promise.deliver(store_keys{std::move(list.found), complete, left_out});
}

void finish_with_foreign(self_pointer self, listing& list) {
  const auto& scan = *self->state.scan;
  for (const auto& key : scan.known)
    if (glob_matches(list.glob, key) && !list.own.contains(key))
      list.found.push_back(key);
  finish(list, scan.complete, std::max(scan.left_out, scan.round_left_out));
}

void note_found(foreign_scan& scan, std::string key) {
  if (scan.round.contains(key))
    return;
  if (scan.round.size() >= foreign_max) {
    ++scan.round_left_out;
    return;
  }
  if (scan.known.size() < foreign_max)
    scan.known.insert(key);
  scan.round.insert(std::move(key));
}

// What was not found again has gone.
void end_round(foreign_scan& scan) {
  scan.known = std::exchange(scan.round, {});
  scan.left_out = std::exchange(scan.round_left_out, 0);
  scan.complete = true;
}

void scan_on(self_pointer self, const listing_ptr& list);

bool take_scan_step(self_pointer self, const listing_ptr& list, const std::string& asked, std::span<redis_reply> replies) {
  auto& answer = replies[0].elements;
  if (answer.size() != 2 || answer[0].what != kind::text || !is_list_of_texts(answer[1]))
    return false;
  auto& scan = *self->state.scan;
  bool ended = false;
  if (scan.cursor == asked) { // else another question has taken this step meanwhile
    for (auto& key : answer[1].elements)
      if (!list->own.contains(key.text))
        note_found(scan, std::move(key.text));
    scan.cursor = answer[0].text;
    ended = scan.cursor == "0";
  }
  if (ended)
    end_round(scan);
  if (!ended && ++list->steps < scan_steps_max) {
    scan_on(self, list);
    return true;
  }
  scan.looked_at = self->state.clock->boot_now();
  finish_with_foreign(self, *list);
  return true;
}

void scan_on(self_pointer self, const listing_ptr& list) {
  const auto& cursor = self->state.scan->cursor;
  queue(self, {{call({"SCAN", cursor, "MATCH", "metrics:*", "COUNT", keys_per_step, "TYPE", "string"})},
               redis_errand::free, list->deadline,
               [self, list, cursor](std::span<redis_reply> replies) { return take_scan_step(self, list, cursor, replies); },
               [list](fault why, const std::string& detail) { list->promise.deliver(make_error(why, detail)); }});
}

} // namespace

caf::typed_response_promise<store_keys> list_counters(self_pointer self, const store_list_counters& wanted) {
  return ask<store_keys>(self, wanted.deadline, redis_errand::free, {call({"SMEMBERS", word(keys::counter_index)})},
                         [self, wanted](auto& promise, auto replies) {
                           if (!is_list_of_texts(replies[0]))
                             return false;
                           auto list = std::make_shared<listing>();
                           list->promise = promise;
                           list->glob = wanted.glob;
                           list->deadline = wanted.deadline;
                           for (auto& key : replies[0].elements) {
                             if (glob_matches(wanted.glob, key.text))
                               list->found.push_back(key.text);
                             if (wanted.foreign)
                               list->own.insert(std::move(key.text));
                           }
                           const auto& scan = *self->state.scan;
                           const auto now = self->state.clock->boot_now();
                           if (!wanted.foreign)
                             finish(*list);
                           else if (scan.complete && now - scan.looked_at < scan_interval)
                             finish_with_foreign(self, *list);
                           else
                             scan_on(self, list);
                           return true;
                         });
}

} // namespace holdfast::redis_store_parts

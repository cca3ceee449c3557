#include <algorithm>
#include <iterator>
#include <memory>

#include "actors/redis_store_parts.hpp"
#include "runtime/glob.hpp"

namespace holdfast::redis_store_parts {

namespace {

using namespace std::chrono_literals;
using kind = redis_reply::kind;

// Foreign counters are looked for rarely and not to the end of the world: at most 100,000 keys are looked at, in steps
// that let other questions pass.
constexpr auto scan_interval = 10s;
constexpr int scan_steps_max = 100;
constexpr const char* keys_per_step = "1000";
constexpr std::size_t foreign_max = 20'000;

struct listing {
  caf::typed_response_promise<store_keys> promise;
  std::string glob;
  boot_time deadline;
  std::vector<std::string> found;   // own counters that match
  std::vector<std::string> foreign; // of the scan
  int steps = 0;
};
using listing_ptr = std::shared_ptr<listing>;

bool is_list_of_texts(const redis_reply& reply) {
  return reply.what == kind::array
         && std::all_of(reply.elements.begin(), reply.elements.end(), [](const auto& one) { return one.what == kind::text; });
}

void finish(listing& list, const std::vector<std::string>& foreign) {
  store_keys keys{std::move(list.found)};
  for (const auto& key : foreign)
    if (glob_matches(list.glob, key))
      keys.keys.push_back(key);
  std::sort(keys.keys.begin(), keys.keys.end());
  keys.keys.erase(std::unique(keys.keys.begin(), keys.keys.end()), keys.keys.end());
  list.promise.deliver(std::move(keys));
}

void scan(self_pointer self, listing_ptr list, const std::string& cursor);

bool take_step(self_pointer self, const listing_ptr& list, std::span<redis_reply> replies) {
  auto& answer = replies[0].elements;
  if (answer.size() != 2 || answer[0].what != kind::text || !is_list_of_texts(answer[1]))
    return false;
  for (auto& key : answer[1].elements)
    list->foreign.push_back(std::move(key.text));
  if (answer[0].text != "0" && ++list->steps < scan_steps_max && list->foreign.size() < foreign_max) {
    scan(self, list, answer[0].text);
    return true;
  }
  auto& state = self->state;
  state.foreign_counters = std::move(list->foreign);
  state.scanned_at = state.clock->boot_now();
  finish(*list, state.foreign_counters);
  return true;
}

void scan(self_pointer self, listing_ptr list, const std::string& cursor) {
  queue(self, {{call({"SCAN", cursor, "MATCH", "metrics:*", "COUNT", keys_per_step, "TYPE", "string"})},
               redis_errand::free, list->deadline,
               [self, list](std::span<redis_reply> replies) { return take_step(self, list, replies); },
               [list](fault why, const std::string& detail) { list->promise.deliver(make_error(why, detail)); }});
}

} // namespace

caf::typed_response_promise<store_keys> list_counters(self_pointer self, const store_list_counters& wanted) {
  const auto& state = self->state;
  const bool known = state.scanned_at != boot_time{} && state.clock->boot_now() - state.scanned_at < scan_interval;
  return ask<store_keys>(self, wanted.deadline, redis_errand::free, {call({"SMEMBERS", word(keys::counter_index)})},
                         [self, known, wanted](auto& promise, auto replies) {
                           if (!is_list_of_texts(replies[0]))
                             return false;
                           auto list = std::make_shared<listing>();
                           list->promise = promise;
                           list->glob = wanted.glob;
                           list->deadline = wanted.deadline;
                           for (auto& key : replies[0].elements)
                             if (glob_matches(wanted.glob, key.text))
                               list->found.push_back(std::move(key.text));
                           if (!wanted.foreign)
                             finish(*list, {});
                           else if (known)
                             finish(*list, self->state.foreign_counters);
                           else
                             scan(self, list, "0");
                           return true;
                         });
}

} // namespace holdfast::redis_store_parts

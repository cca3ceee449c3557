#include <algorithm>
#include <iterator>

#include "actors/redis_store_parts.hpp"
#include "runtime/redis_remedy.hpp"

namespace holdfast::redis_store_parts {

namespace {

using namespace std::chrono_literals;
using kind = redis_reply::kind;

std::string milliseconds(std::chrono::milliseconds ttl) { return std::to_string(std::max<std::int64_t>(ttl.count(), 1)); }

// For questions that only want to know that it is done; what they are answered depends on the command.
auto confirm_when(kind expected_kind) {
  return [expected_kind](caf::typed_response_promise<done>& promise, std::span<redis_reply> replies) {
    if (replies[0].what != expected_kind)
      return false;
    promise.deliver(done{});
    return true;
  };
}

redis_call merge_call(const std::vector<merge_row>& rows) {
  std::vector<std::string> names;
  std::vector<std::string> arguments{word(keys::counter_index), word(keys::epoch)};
  for (const auto& row : rows) {
    names.push_back(row.key);
    names.push_back(keys::ledger_record(row.key));
    for (const auto& one : {row.writer, row.expected.generation, row.expected.state,
                            std::string{row.expected.counter_exists ? "1" : "0"}, row.new_state, row.new_generation,
                            std::to_string(row.difference)})
      arguments.push_back(one);
  }
  return script(redis_script::merge, names, std::move(arguments));
}

std::optional<merge_verdict> read_verdict(const redis_reply& answer) {
  if (answer.is_error())
    return merge_verdict{merge_outcome::refused, {}, answer.text};
  const auto& parts = answer.elements;
  for (const auto& part : parts)
    if (part.what != kind::text)
      return std::nullopt;
  if (parts.size() == 1 && parts[0].text == "m")
    return merge_verdict{merge_outcome::merged, {}, {}};
  if (parts.size() == 5 && parts[0].text == "x")
    return merge_verdict{merge_outcome::mismatch,
                         {parts[1].text, parts[2].text, parts[3].text == "1", parts[4].text == "1"}, {}};
  if (parts.size() == 2 && parts[0].text == "r")
    return merge_verdict{merge_outcome::refused, {}, parts[1].text};
  return std::nullopt;
}

bool deliver_verdicts(caf::typed_response_promise<store_merge_reply>& promise, std::span<const redis_reply> answers,
                      const std::string& epoch) {
  store_merge_reply reply{{}, epoch};
  for (const auto& answer : answers) {
    auto verdict = read_verdict(answer);
    if (!verdict)
      return false;
    reply.verdicts.push_back(std::move(*verdict));
  }
  promise.deliver(std::move(reply));
  return true;
}

// One key that this user may not touch would hold back all that travel with it: each row is asked for alone.
void merge_one_by_one(self_pointer self, caf::typed_response_promise<store_merge_reply> promise, const store_merge& batch) {
  std::vector<redis_call> calls;
  for (const auto& row : batch.rows)
    calls.push_back(merge_call({row}));
  queue(self, {std::move(calls), redis_errand::merge, batch.deadline,
               [self, promise](std::span<redis_reply> replies) mutable {
                 std::vector<redis_reply> answers;
                 auto epoch = self->state.status.identity.epoch;
                 for (auto& reply : replies) {
                   if (!reply.is_error() && reply.elements.size() != 2)
                     return false;
                   if (!reply.is_error())
                     epoch = reply.elements.back().text;
                   answers.push_back(reply.is_error() ? std::move(reply) : std::move(reply.elements.front()));
                 }
                 return deliver_verdicts(promise, answers, epoch);
               },
               [promise](fault why, const std::string& detail) mutable { promise.deliver(make_error(why, detail)); },
               true});
}

} // namespace

redis_call script(redis_script which, const std::vector<std::string>& names, std::vector<std::string> arguments) {
  redis_command words{{}, {}, std::to_string(names.size())};
  words.insert(words.end(), names.begin(), names.end());
  words.insert(words.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
  return {std::move(words), which};
}

caf::typed_response_promise<store_value> read_value(self_pointer self, const store_read& question) {
  const auto look = question.ttl_only ? redis_command{"EXISTS", question.key} : redis_command{"GET", question.key};
  return ask<store_value>(self, question.deadline, redis_errand::free, {call(look), call({"PTTL", question.key})},
                          [ttl_only = question.ttl_only](auto& promise, auto replies) {
                            const bool fits = ttl_only ? replies[0].what == kind::integer : is_text_or_nil(replies[0]);
                            if (!fits || replies[1].what != kind::integer)
                              return false;
                            store_value found;
                            if (replies[0].what == kind::text || replies[0].integer == 1)
                              found.value = std::move(replies[0].text);
                            if (replies[1].integer >= 0)
                              found.ttl_left = std::chrono::milliseconds{replies[1].integer};
                            promise.deliver(std::move(found));
                            return true;
                          });
}

caf::typed_response_promise<done> write_value(self_pointer self, const store_write& what) {
  redis_command command{"SET", what.key, what.value};
  if (what.ttl)
    command.insert(command.end(), {"PX", milliseconds(*what.ttl)});
  return ask<done>(self, what.deadline, redis_errand::write, {call(std::move(command))}, confirm_when(kind::text));
}

caf::typed_response_promise<done> erase(self_pointer self, const store_erase& what) {
  return ask<done>(self, what.deadline, redis_errand::free, {call({"DEL", what.key})}, confirm_when(kind::integer));
}

// The announcement goes out once the newest value is there, and never for one that came too late.
caf::typed_response_promise<done> write_symbols(self_pointer self, const store_symbols& symbols) {
  const auto which = symbols.which;
  const auto order = to_text(symbols.order);
  const auto fenced = [&](std::string_view key, const std::string& value, const std::string& ttl) {
    return script(redis_script::fenced_set, {word(key), keys::fence(key)}, {order, value, ttl});
  };
  std::vector<redis_call> calls{fenced(keys::symbols_full(which), symbols.full_value, {})};
  if (symbols.ttl > 0ms)
    calls.push_back(fenced(keys::symbols_cache(which), symbols.list_value, milliseconds(symbols.ttl)));
  calls.push_back(
    script(redis_script::raise, {word(keys::last_refresh(which))}, {std::to_string(symbols.refreshed_at_seconds)}));
  calls.push_back(fenced(keys::symbols_last_good(which), symbols.list_value, {}));
  const auto publish = call({"PUBLISH", word(keys::announcements), word(to_string(which)) + ' ' + order});
  return ask<done>(self, symbols.deadline, redis_errand::write, std::move(calls),
                   [self, publish, deadline = symbols.deadline](auto& promise, auto replies) {
                     for (const auto& reply : replies)
                       if (reply.what != kind::integer)
                         return false;
                     if (replies[0].integer == 0) {
                       promise.deliver(make_error(fault::fenced));
                       return true;
                     }
                     queue(self, {{publish}, redis_errand::free, deadline, [](auto) { return true; },
                                  [](fault, const std::string&) {}});
                     promise.deliver(done{});
                     return true;
                   },
                   which == market::spot ? "lists of spot" : "lists of futures");
}

caf::typed_response_promise<store_merge_reply> merge(self_pointer self, const store_merge& batch) {
  auto promise = self->make_response_promise<store_merge_reply>();
  queue(self, {{merge_call(batch.rows)}, redis_errand::merge, batch.deadline,
               [promise, count = batch.rows.size()](std::span<redis_reply> replies) mutable {
                 const std::span<const redis_reply> answers{replies[0].elements};
                 if (answers.size() != count + 1 || answers.back().what != kind::text)
                   return false;
                 return deliver_verdicts(promise, answers.first(count), answers.back().text);
               },
               [self, promise, batch](fault why, const std::string& detail) mutable {
                 if (is_about_keys(detail))
                   merge_one_by_one(self, promise, batch);
                 else
                   promise.deliver(make_error(why, detail));
               }});
  return promise;
}

caf::typed_response_promise<done> raise(self_pointer self, const store_raise& what) {
  return ask<done>(self, what.deadline, redis_errand::write,
                   {script(redis_script::raise, {what.key}, {std::to_string(what.value)})}, confirm_when(kind::integer),
                   "time stamps");
}

caf::typed_response_promise<lease_reply> take_lease(self_pointer self, const lease_wanted& wanted) {
  return ask<lease_reply>(
    self, wanted.deadline, redis_errand::write,
    {script(redis_script::lease, {keys::lease(wanted.name)}, {wanted.holder, milliseconds(wanted.ttl), std::to_string(wanted.above)})},
    [](auto& promise, auto replies) {
      const auto& answer = replies[0].elements;
      const auto token = answer.size() == 3 ? to_number<std::uint64_t>(answer[1].text) : std::nullopt;
      if (!token || answer[0].what != kind::integer || answer[2].what != kind::integer)
        return false;
      promise.deliver(lease_reply{answer[0].integer == 1, *token, std::chrono::milliseconds{answer[2].integer}});
      return true;
    },
    "leases");
}

caf::typed_response_promise<done> return_lease(self_pointer self, const lease_returned& back) {
  return ask<done>(self, back.deadline, redis_errand::write,
                   {script(redis_script::return_lease, {keys::lease(back.name)}, {back.holder})},
                   confirm_when(kind::integer));
}

caf::typed_response_promise<done> announce(self_pointer self, const store_announce& what) {
  return ask<done>(self, what.deadline, redis_errand::free, {call({"PUBLISH", what.channel, what.text})},
                   confirm_when(kind::integer));
}

} // namespace holdfast::redis_store_parts

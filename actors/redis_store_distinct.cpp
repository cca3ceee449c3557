#include <iterator>

#include "actors/redis_store_parts.hpp"

namespace holdfast::redis_store_parts {

namespace {

using kind = redis_reply::kind;

} // namespace

caf::typed_response_promise<done> add_distinct(self_pointer self, store_add_distinct& what) {
  redis_command command{"PFADD", std::move(what.key)};
  command.insert(command.end(), std::make_move_iterator(what.elements.begin()), std::make_move_iterator(what.elements.end()));
  return ask<done>(self, what.deadline, redis_errand::write, {call(std::move(command))}, [](auto& promise, auto replies) {
    if (replies[0].what != kind::integer)
      return false;
    promise.deliver(done{});
    return true;
  }, "subjects of features");
}

// One command per key: of several at once PFCOUNT tells their union.
caf::typed_response_promise<store_distinct_found> count_distinct(self_pointer self, const store_count_distinct& what) {
  auto promise = self->make_response_promise<store_distinct_found>();
  std::vector<redis_call> calls;
  for (const auto& key : what.keys)
    calls.push_back(call({"PFCOUNT", key}));
  queue(self, {std::move(calls), redis_errand::free, what.deadline,
               [promise](std::span<redis_reply> replies) mutable {
                 store_distinct_found found;
                 for (const auto& reply : replies) {
                   if (!reply.is_error() && reply.what != kind::integer)
                     return false;
                   found.counts.push_back(reply.is_error() ? std::nullopt
                                                           : std::optional{static_cast<std::uint64_t>(reply.integer)});
                 }
                 promise.deliver(std::move(found));
                 return true;
               },
               [promise](fault why, const std::string& detail) mutable { promise.deliver(make_error(why, detail)); }, true});
  return promise;
}

} // namespace holdfast::redis_store_parts

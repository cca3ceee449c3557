#include <algorithm>
#include <chrono>

#include "actors/redis_store_parts.hpp"

namespace holdfast::redis_store_parts {

namespace {

using kind = redis_reply::kind;

constexpr std::chrono::microseconds process_remembered = std::chrono::seconds{30};

redis_call decision_call(const rate_question& question) {
  const auto& request = question.request;
  const bool smooth = request.rule.algorithm == rate_algorithm::smooth;
  std::vector<std::string> arguments;
  for (const auto number : {request.rule.limit, request.rule.window_us, request.hold_us, request.least,
                            request.forced})
    arguments.push_back(std::to_string(number));
  for (const auto amount : request.amounts)
    arguments.push_back(std::to_string(amount));
  return script(smooth ? redis_script::smooth_rate : redis_script::rolling_window, {question.key}, std::move(arguments));
}

std::optional<rate_answer> read_answer(const redis_reply& reply, std::size_t amounts) {
  if (reply.is_error())
    return rate_answer{fault::store_refused, {}};
  const auto& numbers = reply.elements;
  if (numbers.size() != 3 * amounts)
    return std::nullopt;
  rate_answer answer;
  for (std::size_t i = 0; i < numbers.size(); i += 3) {
    for (std::size_t part = 0; part < 3; ++part)
      if (numbers[i + part].what != kind::integer)
        return std::nullopt;
    const auto granted = numbers[i].integer;
    answer.verdicts.push_back({granted >= 0, std::max<std::int64_t>(granted, 0), numbers[i + 1].integer, numbers[i + 2].integer});
  }
  return answer;
}

} // namespace

caf::typed_response_promise<store_rate_limits_reply> decide_rate_limits(self_pointer self, const store_rate_limits& wanted) {
  std::vector<redis_call> calls;
  std::vector<std::size_t> amounts;
  for (const auto& question : wanted.questions) {
    calls.push_back(decision_call(question));
    amounts.push_back(question.request.amounts.size());
  }
  if (!wanted.process.empty())
    calls.push_back(script(redis_script::note_process, {word(keys::processes)},
                           {wanted.process, std::to_string(process_remembered.count())}));
  auto promise = self->make_response_promise<store_rate_limits_reply>();
  queue(self, {std::move(calls), redis_errand::write, wanted.deadline,
               [promise, amounts](std::span<redis_reply> replies) mutable {
                 store_rate_limits_reply answered;
                 for (std::size_t i = 0; i < amounts.size(); ++i) {
                   auto answer = read_answer(replies[i], amounts[i]);
                   if (!answer)
                     return false;
                   answered.answers.push_back(std::move(*answer));
                 }
                 if (replies.size() > amounts.size() && replies.back().what == kind::integer)
                   answered.processes = replies.back().integer;
                 promise.deliver(std::move(answered));
                 return true;
               },
               [promise](fault why, const std::string& detail) mutable { promise.deliver(make_error(why, detail)); },
               true, "rate limits"});
  return promise;
}

} // namespace holdfast::redis_store_parts

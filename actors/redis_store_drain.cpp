#include <algorithm>
#include <iterator>

#include "actors/redis_store_parts.hpp"
#include "runtime/redis_remedy.hpp"

namespace holdfast::redis_store_parts {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t waiting_max = 100'000;
constexpr std::size_t pipeline_calls_max = 1024;
constexpr std::size_t pipeline_bytes_max = 1 << 20;
constexpr std::chrono::nanoseconds bulk_mebibyte = 250ms;

// What the pipeline as a whole was found to mean for the link.
struct pipeline_verdict {
  bool fail_over = false;
  std::optional<std::string> broken;
  bool rarely = false; // with `broken`: nothing changes soon
};

std::size_t bytes_of(const pending_question& question) {
  std::size_t bytes = 0;
  for (const auto& one : question.calls)
    for (const auto& text : one.words)
      bytes += text.size();
  return bytes;
}

void schedule(self_pointer self) {
  if (!std::exchange(self->state.drain_sent, true))
    self->send(self, wake{drain_mailbox, 0});
}

void drop_late(self_pointer self) {
  const auto now = self->state.clock->boot_now();
  std::erase_if(self->state.waiting, [&](auto& question) {
    if (question.deadline > now)
      return false;
    question.fail(fault::deadline, "the question waited past its deadline");
    return true;
  });
}

bool is_paused(const redis_pause& what, boot_time now) { return what.active && now < what.until; }

void refuse_paused(self_pointer self) {
  auto& state = self->state;
  const auto now = state.clock->boot_now();
  std::erase_if(state.waiting, [&](auto& question) {
    const redis_pause* why = nullptr;
    if (question.errand != redis_errand::free && is_paused(state.writes, now))
      why = &state.writes;
    else if (question.errand == redis_errand::merge && is_paused(state.merges, now))
      why = &state.merges;
    if (why)
      question.fail(why->answer, "not asked again yet: " + why->why);
    return why != nullptr;
  });
}

// What goes out together: always one question, however large.
std::vector<pending_question> take_batch(self_pointer self) {
  auto& waiting = self->state.waiting;
  std::vector<pending_question> batch;
  std::size_t calls = 0;
  std::size_t bytes = 0;
  while (!waiting.empty()) {
    calls += waiting.front().calls.size();
    bytes += bytes_of(waiting.front());
    if (!batch.empty() && (calls > pipeline_calls_max || bytes > pipeline_bytes_max))
      break;
    batch.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  return batch;
}

redis_command command_for(redis_call& one, const redis_connection& link) {
  if (one.script) {
    const auto& hash = link.hashes[static_cast<std::size_t>(*one.script)];
    one.words[0] = hash.empty() ? "EVAL" : "EVALSHA";
    one.words[1] = hash.empty() ? word(text_of(*one.script)) : hash;
  }
  return std::move(one.words);
}

using replies_or_failure = expected<std::vector<redis_reply>, redis_failure>;

replies_or_failure run(self_pointer self, redis_connection& link, std::span<const redis_command> commands) {
  auto& state = self->state;
  const auto asked_at = boot_clock::now();
  auto replies = link.client->run(commands, asked_at + state.settings.command_timeout,
                                  state.settings.bulk ? bulk_mebibyte : 0ns);
  state.status.last_round_trip = boot_clock::now() - asked_at;
  state.settings.watched->store_round_trip.observe(state.status.last_round_trip);
  state.status.commands += commands.size();
  return replies;
}

// A server that was restarted or flushed its scripts has done nothing of what it does not know: those calls go out once
// more, as text.
replies_or_failure run_with_scripts(self_pointer self, redis_connection& link, std::vector<redis_command> commands,
                                    const std::vector<std::optional<redis_script>>& scripts) {
  auto replies = run(self, link, commands);
  if (!replies)
    return replies;
  std::vector<std::size_t> unknown;
  std::vector<redis_command> again;
  for (std::size_t i = 0; i < commands.size(); ++i)
    if (scripts[i] && (*replies)[i].is_error() && remedy_of((*replies)[i].text) == redis_remedy::send_text) {
      unknown.push_back(i);
      again.push_back(std::move(commands[i]));
      again.back()[0] = "EVAL";
      again.back()[1] = word(text_of(*scripts[i]));
    }
  if (again.empty())
    return replies;
  auto second = run(self, link, again);
  if (!second)
    return second;
  for (std::size_t i = 0; i < unknown.size(); ++i)
    (*replies)[unknown[i]] = std::move((*second)[i]);
  return replies;
}

void take_refusal(self_pointer self, const pending_question& question, const std::string& text, pipeline_verdict& verdict) {
  auto& state = self->state;
  auto answer = fault::store_away;
  switch (remedy_of(text)) {
    case redis_remedy::send_text:
    case redis_remedy::refuse:
      answer = fault::store_refused;
      if (question.errand == redis_errand::merge && !is_about_keys(text))
        pause(self, state.merges, answer, text);
      break;
    case redis_remedy::pause_writes:
      answer = fault::store_refused;
      pause(self, state.writes, answer, text);
      break;
    case redis_remedy::fail_over:
      verdict.fail_over = true;
      pause(self, state.writes, answer, text);
      break;
    case redis_remedy::reconnect: verdict.broken = text; break;
    case redis_remedy::give_up:
      verdict.broken = text;
      verdict.rarely = true;
      break;
  }
  question.fail(answer, text);
}

// What a user may not do now it may not do later either, until somebody lets it.
void take_permission(self_pointer self, const pending_question& question, std::span<const redis_reply> replies) {
  if (question.what.empty())
    return;
  const auto forbidden = std::find_if(replies.begin(), replies.end(), [](const auto& reply) {
    return reply.is_error() && reply.text.starts_with("NOPERM");
  });
  const bool other_refusal = std::any_of(replies.begin(), replies.end(), [](const auto& reply) { return reply.is_error(); });
  if (forbidden != replies.end())
    note_permission(self, question.what, forbidden->text);
  else if (!other_refusal)
    note_permission(self, question.what, {});
}

void take_replies(self_pointer self, pending_question& question, std::span<redis_reply> replies, pipeline_verdict& verdict) {
  take_permission(self, question, replies);
  const auto refusal = std::find_if(replies.begin(), replies.end(), [&](const auto& reply) {
    return reply.is_error() && !(question.takes_refusals && remedy_of(reply.text) == redis_remedy::refuse);
  });
  if (refusal != replies.end())
    return take_refusal(self, question, refusal->text, verdict);
  if (!question.answer(replies)) {
    verdict.broken = "an answer that was not asked for";
    return question.fail(fault::store_away, *verdict.broken);
  }
  auto& writes = self->state.writes;
  // A server that takes writes again may have been somebody else's replica meanwhile: who is it now?
  if (question.errand != redis_errand::free && writes.active && writes.answer == fault::store_away)
    verdict.fail_over = true;
  if (question.errand != redis_errand::free)
    resume(self, writes);
  if (question.errand == redis_errand::merge)
    resume(self, self->state.merges);
}

void send_batch(self_pointer self) {
  auto& state = self->state;
  auto batch = take_batch(self);
  std::vector<redis_command> commands;
  std::vector<std::optional<redis_script>> scripts;
  const auto link = state.link; // an answer may renew it
  for (auto& question : batch)
    for (auto& one : question.calls) {
      scripts.push_back(one.script);
      commands.push_back(command_for(one, *link));
    }
  auto replies = run_with_scripts(self, *link, std::move(commands), scripts);
  if (!replies) {
    link_failed(self, replies.error().detail);
    for (auto& question : batch)
      question.fail(fault::store_away, replies.error().detail);
    return;
  }
  pipeline_verdict verdict;
  std::span<redis_reply> rest{*replies};
  for (auto& question : batch) {
    const auto count = question.calls.size();
    take_replies(self, question, rest.first(count), verdict);
    rest = rest.subspan(count);
  }
  if (verdict.broken)
    link_failed(self, *verdict.broken, verdict.rarely);
  else if (verdict.fail_over)
    renew(self);
}

} // namespace

void queue(self_pointer self, pending_question question) {
  auto& state = self->state;
  if (state.waiting.size() >= waiting_max)
    return question.fail(fault::overloaded, "too many questions wait for the store");
  state.waiting.push_back(std::move(question));
  schedule(self);
}

void fail_waiting(self_pointer self, fault why, const std::string& detail) {
  for (auto& question : std::exchange(self->state.waiting, {}))
    question.fail(why, detail);
}

void drain(self_pointer self) {
  auto& state = self->state;
  state.drain_sent = false;
  drop_late(self);
  if (!state.link && state.settings.bulk && state.clock->boot_now() >= state.retry_at && !state.waiting.empty())
    start_attempt(self);
  if (!state.link && !(state.attempt && (state.hopeful || state.settings.bulk)))
    return fail_waiting(self, fault::store_away, state.status.last_error);
  refuse_paused(self);
  if (!state.link || state.waiting.empty())
    return;
  send_batch(self);
  if (!state.waiting.empty())
    schedule(self);
}

} // namespace holdfast::redis_store_parts

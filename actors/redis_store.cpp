#include "actors/redis_store.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/redis_scripts.hpp"
#include "config/keys.hpp"
#include "runtime/glob.hpp"
#include "runtime/ledger_file.hpp"

namespace holdfast {

namespace {

using namespace std::chrono_literals;
using self_pointer = store_actor::stateful_pointer<redis_store_state>;

constexpr std::size_t bulk_bytes = 64 * 1024;
constexpr std::size_t waiting_max = 100'000;
constexpr auto identity_interval = 5s;

enum wake_reason : std::uint32_t { drain_mailbox, look_after_link };

std::string word(std::string_view text) { return std::string{text}; }

// Replies that mean: this server cannot serve us now; connect anew later.
bool breaks_link(const redis_reply& reply) {
  constexpr std::array<std::string_view, 9> prefixes{"READONLY", "LOADING",   "MASTERDOWN", "CLUSTERDOWN", "BUSY",
                                                     "NOAUTH",   "WRONGPASS", "UNKILLABLE", "TRYAGAIN"};
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return reply.is_error(prefix); });
}

std::string field_of(std::string_view info, std::string_view name) {
  const auto key = std::string{name} + ':';
  auto at = info.find(key);
  if (at == std::string_view::npos)
    return {};
  at += key.size();
  return std::string{info.substr(at, info.find_first_of("\r\n", at) - at)};
}

void tell(self_pointer self, store_change change) {
  for (const auto& listener : self->state.listeners)
    self->send(listener, store_event{change, self->state.status.identity});
}

void link_failed(self_pointer self, const std::string& why) {
  auto& state = self->state;
  state.client.reset();
  ++state.status.failures;
  state.status.up = false;
  state.status.last_error = why;
  state.retry_at = state.clock->boot_now() + state.retry.next() + 10ms;
  state.trouble.failed(state.status.endpoint + ": " + why);
  state.status.suppressed_warnings = state.trouble.suppressed();
  if (!state.told_down) {
    state.told_down = true;
    tell(self, store_change::link_down);
  }
}

// Asks the server who it is; false where the link failed meanwhile.
bool read_identity(self_pointer self) {
  auto& state = self->state;
  const std::vector<redis_command> commands{{"SET", word(keys::epoch), to_text(random_ledger_id()), "NX"},
                                            {"GET", word(keys::epoch)},
                                            {"INFO", "server"},
                                            {"INFO", "replication"}};
  const auto now = state.clock->boot_now();
  auto replies = state.client->run(commands, now + state.settings.command_timeout);
  if (!replies) {
    link_failed(self, replies.error().detail);
    return false;
  }
  for (const auto& reply : *replies)
    if (reply.is_error()) {
      link_failed(self, reply.text);
      return false;
    }
  store_identity identity{(*replies)[1].text, field_of((*replies)[2].text, "run_id"),
                          field_of((*replies)[3].text, "master_replid")};
  state.checked_at = now;
  const bool changed = !state.status.identity.epoch.empty() && identity != state.status.identity;
  state.status.identity = std::move(identity);
  if (changed)
    tell(self, store_change::identity);
  return true;
}

// True while the link is up, connecting if it is time to.
bool ensure_link(self_pointer self) {
  auto& state = self->state;
  if (state.client)
    return true;
  const auto now = state.clock->boot_now();
  if (now < state.retry_at)
    return false;
  auto client = redis_client::connect(state.settings.url, now + state.settings.connect_timeout);
  if (!client) {
    link_failed(self, client.error().detail);
    return false;
  }
  state.client = std::move(*client);
  ++state.status.reconnects;
  if (!read_identity(self))
    return false;
  state.retry.reset();
  state.status.up = true;
  state.status.last_error.clear();
  state.trouble.recovered();
  state.told_down = false;
  tell(self, store_change::link_up);
  return true;
}

void fail_all(std::vector<pending_question>& questions, fault why, const std::string& detail) {
  for (auto& question : questions)
    question.fail(why, detail);
}

// One pipeline for everything that waits.
void drain(self_pointer self) {
  auto& state = self->state;
  state.drain_sent = false;
  auto questions = std::exchange(state.waiting, {});
  const auto now = state.clock->boot_now();
  std::erase_if(questions, [&](auto& question) {
    if (question.deadline > now)
      return false;
    question.fail(fault::deadline, "the question waited past its deadline");
    return true;
  });
  if (questions.empty())
    return;
  if (!ensure_link(self))
    return fail_all(questions, fault::store_away, state.status.last_error);
  std::vector<redis_command> commands;
  for (auto& question : questions)
    commands.insert(commands.end(), question.commands.begin(), question.commands.end());
  const auto asked_at = state.clock->boot_now();
  auto replies = state.client->run(commands, asked_at + state.settings.command_timeout);
  state.status.last_round_trip = state.clock->boot_now() - asked_at;
  state.settings.watched->store_round_trip.observe(state.status.last_round_trip);
  state.status.commands += commands.size();
  if (!replies) {
    link_failed(self, replies.error().detail);
    return fail_all(questions, fault::store_away, state.status.last_error);
  }
  std::span<redis_reply> rest{*replies};
  const redis_reply* broken = nullptr;
  for (auto& question : questions) {
    auto mine = rest.first(question.commands.size());
    rest = rest.subspan(question.commands.size());
    const auto refusal = std::find_if(mine.begin(), mine.end(), [](const auto& reply) { return reply.is_error(); });
    if (refusal == mine.end()) {
      question.answer(mine);
      continue;
    }
    const bool breaks = breaks_link(*refusal);
    broken = breaks ? &*refusal : broken;
    question.fail(breaks ? fault::store_away : fault::store_refused, refusal->text);
  }
  if (broken)
    link_failed(self, broken->text);
}

redis_command script(std::string_view text, const std::vector<std::string>& names, std::vector<std::string> arguments) {
  redis_command command{"EVAL", word(text), std::to_string(names.size())};
  command.insert(command.end(), names.begin(), names.end());
  command.insert(command.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
  return command;
}

// Queues a question; `read` turns its replies into the answer.
template <class Answer, class Read>
caf::typed_response_promise<Answer> ask(self_pointer self, boot_time deadline, std::vector<redis_command> commands,
                                        Read read) {
  auto promise = self->make_response_promise<Answer>();
  auto& state = self->state;
  if (state.waiting.size() >= waiting_max) {
    promise.deliver(make_error(fault::overloaded));
    return promise;
  }
  state.waiting.push_back({std::move(commands), deadline,
                           [promise, read](std::span<redis_reply> replies) mutable { read(promise, replies); },
                           [promise](fault why, const std::string& detail) mutable {
                             promise.deliver(make_error(why, detail));
                           }});
  if (!state.drain_sent) {
    state.drain_sent = true;
    self->send(self, wake{drain_mailbox});
  }
  return promise;
}

// The answer for questions that only want to know that it is done.
void confirm(caf::typed_response_promise<done>& promise, std::span<redis_reply>) { promise.deliver(done{}); }

std::optional<std::int64_t> to_integer(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

std::string milliseconds(std::optional<std::chrono::milliseconds> ttl) {
  return ttl ? std::to_string(std::max<std::int64_t>(ttl->count(), 1)) : std::string{};
}

redis_command merge_command(const std::vector<merge_row>& rows) {
  std::vector<std::string> names;
  std::vector<std::string> arguments{word(keys::counter_index)};
  for (const auto& row : rows) {
    names.push_back(row.key);
    names.push_back(keys::ledger_record(row.key));
    for (const auto& one : {row.writer, row.expected.generation, row.expected.state,
                            std::string{row.expected.counter_exists ? "1" : "0"}, row.new_state, row.new_generation,
                            std::to_string(row.difference)})
      arguments.push_back(one);
  }
  return script(redis_scripts::merge, names, std::move(arguments));
}

merge_verdict read_verdict(const redis_reply& answer) {
  const auto text = [&](std::size_t i) { return i < answer.elements.size() ? answer.elements[i].text : std::string{}; };
  if (text(0) == "m")
    return {merge_outcome::merged, {}, {}};
  if (text(0) == "x")
    return {merge_outcome::mismatch, {text(1), text(2), text(3) == "1"}, {}};
  return {merge_outcome::refused, {}, text(1)};
}

auto merge(self_pointer self, const store_merge& batch) {
  const auto count = batch.rows.size();
  return ask<store_merge_reply>(self, batch.deadline, {merge_command(batch.rows)}, [count](auto& promise, auto replies) {
    store_merge_reply reply;
    for (const auto& answer : replies[0].elements)
      reply.verdicts.push_back(read_verdict(answer));
    if (reply.verdicts.size() == count)
      promise.deliver(std::move(reply));
    else
      promise.deliver(make_error(fault::store_refused, "the merge was answered with something else"));
  });
}

counter_found read_found(const redis_reply& answer) {
  counter_found found;
  if (answer.elements.empty())
    return found;
  const auto& value = answer.elements[0];
  found.exists = value.what == redis_reply::kind::text;
  found.value = to_integer(value.text);
  for (std::size_t i = 1; i < answer.elements.size(); ++i)
    found.states.push_back(answer.elements[i].text);
  return found;
}

auto read_values(self_pointer self, const store_read_counters& reads) {
  std::vector<std::string> names;
  std::vector<std::string> arguments;
  for (const auto& one : reads.reads) {
    names.push_back(one.key);
    names.push_back(keys::ledger_record(one.key));
    arguments.push_back(std::to_string(one.writers.size()));
    arguments.insert(arguments.end(), one.writers.begin(), one.writers.end());
  }
  return ask<store_counters_found>(self, reads.deadline, {script(redis_scripts::read_counters, names, std::move(arguments))},
                                   [](auto& promise, auto replies) {
                                     store_counters_found found;
                                     for (const auto& answer : replies[0].elements)
                                       found.found.push_back(read_found(answer));
                                     promise.deliver(std::move(found));
                                   });
}

auto list_counters(self_pointer self, const store_list_counters& wanted) {
  const auto glob = wanted.glob;
  return ask<store_keys>(self, wanted.deadline, {{"SMEMBERS", word(keys::counter_index)}},
                         [glob](auto& promise, auto replies) {
                           store_keys found;
                           for (auto& key : replies[0].elements)
                             if (glob_matches(glob, key.text))
                               found.keys.push_back(std::move(key.text));
                           std::sort(found.keys.begin(), found.keys.end());
                           promise.deliver(std::move(found));
                         });
}

auto take_lease(self_pointer self, const lease_wanted& wanted) {
  return ask<lease_reply>(self, wanted.deadline,
                          {script(redis_scripts::lease, {keys::lease(wanted.name)},
                                  {wanted.holder, milliseconds(wanted.ttl), std::to_string(wanted.above)})},
                          [](auto& promise, auto replies) {
                            const auto& answer = replies[0].elements;
                            if (answer.size() != 3) {
                              promise.deliver(make_error(fault::store_refused, "the lease was answered with something else"));
                              return;
                            }
                            promise.deliver(lease_reply{answer[0].integer == 1,
                                                        static_cast<std::uint64_t>(to_integer(answer[1].text).value_or(0)),
                                                        std::chrono::milliseconds{answer[2].integer}});
                          });
}

auto write_symbols(self_pointer self, const store_symbols& symbols) {
  const auto which = symbols.which;
  const auto order = to_text(symbols.order);
  const auto fenced = [&](std::string_view key, const std::string& value, const std::string& ttl) {
    return script(redis_scripts::fenced_set, {word(key), keys::fence(key)}, {order, value, ttl});
  };
  std::vector<redis_command> commands{fenced(keys::symbols_full(which), symbols.full_value, {})};
  if (symbols.ttl > 0ms)
    commands.push_back(fenced(keys::symbols_cache(which), symbols.list_value, milliseconds(symbols.ttl)));
  commands.push_back(
    script(redis_scripts::raise, {word(keys::last_refresh(which))}, {std::to_string(symbols.refreshed_at_seconds)}));
  commands.push_back(fenced(keys::symbols_last_good(which), symbols.list_value, {}));
  commands.push_back({"PUBLISH", word(keys::announcements), word(to_string(which)) + ' ' + order});
  return ask<done>(self, symbols.deadline, std::move(commands), [](auto& promise, auto replies) {
    if (replies[0].integer == 0)
      promise.deliver(make_error(fault::fenced));
    else
      promise.deliver(done{});
  });
}

auto read_value(self_pointer self, const store_read& question) {
  const redis_command look = question.ttl_only ? redis_command{"EXISTS", question.key} : redis_command{"GET", question.key};
  return ask<store_value>(self, question.deadline, {look, {"PTTL", question.key}}, [](auto& promise, auto replies) {
    store_value found;
    if (replies[0].what == redis_reply::kind::text || replies[0].integer == 1)
      found.value = std::move(replies[0].text);
    if (replies[1].integer >= 0)
      found.ttl_left = std::chrono::milliseconds{replies[1].integer};
    promise.deliver(std::move(found));
  });
}

auto write_value(self_pointer self, const store_write& what) {
  redis_command command{"SET", what.key, what.value};
  if (what.ttl)
    command.insert(command.end(), {"PX", milliseconds(what.ttl)});
  return ask<done>(self, what.deadline, {std::move(command)}, confirm);
}

// Connects while nobody asks, and notices that the store was emptied or replaced.
void look_after(self_pointer self) {
  auto& state = self->state;
  const auto now = state.clock->boot_now();
  if (!state.client)
    ensure_link(self);
  else if (now - state.checked_at >= identity_interval)
    read_identity(self);
  const auto pause = state.client ? std::chrono::nanoseconds{identity_interval}
                                  : std::clamp<std::chrono::nanoseconds>(state.retry_at - now, 20ms, 2s);
  self->delayed_send(self, pause, wake{look_after_link});
}

caf::typed_response_promise<done> to_bulk(self_pointer self, auto what) {
  auto promise = self->make_response_promise<done>();
  const auto patience = what.deadline - self->state.clock->boot_now() + 100ms;
  self->request(self->state.bulk, std::max<std::chrono::nanoseconds>(patience, 1ms), std::move(what))
    .then([promise](done) mutable { promise.deliver(done{}); },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

} // namespace

store_actor::behavior_type redis_store(self_pointer self, redis_store_settings settings, clock_ptr clock) {
  auto& state = self->state;
  state.settings = std::move(settings);
  state.clock = std::move(clock);
  state.retry = backoff{50ms, 2s, std::random_device{}()};
  state.status.kind = "redis";
  state.status.endpoint = state.settings.url.endpoint();
  if (!state.settings.bulk) {
    auto second = state.settings;
    second.bulk = true;
    state.bulk = self->spawn<caf::detached + caf::linked>(redis_store, std::move(second), state.clock);
    self->send(self, wake{look_after_link});
  }
  const auto is_bulk = [self](const std::string& value) { return self->state.bulk && value.size() > bulk_bytes; };
  return {
    [self](const store_read& question) { return read_value(self, question); },
    [self, is_bulk](store_write& what) {
      return is_bulk(what.value) ? to_bulk(self, std::move(what)) : write_value(self, what);
    },
    [self](const store_erase& what) { return ask<done>(self, what.deadline, {{"DEL", what.key}}, confirm); },
    [self, is_bulk](store_symbols& symbols) {
      return is_bulk(symbols.full_value) ? to_bulk(self, std::move(symbols)) : write_symbols(self, symbols);
    },
    [self](const store_merge& batch) { return merge(self, batch); },
    [self](const store_read_counters& reads) { return read_values(self, reads); },
    [self](const store_list_counters& wanted) { return list_counters(self, wanted); },
    [self](const store_raise& what) {
      return ask<done>(self, what.deadline,
                              {script(redis_scripts::raise, {what.key}, {std::to_string(what.value)})}, confirm);
    },
    [self](const lease_wanted& wanted) { return take_lease(self, wanted); },
    [self](const lease_returned& back) {
      return ask<done>(self, back.deadline,
                              {script(redis_scripts::return_lease, {keys::lease(back.name)}, {back.holder})}, confirm);
    },
    [self](const store_announce& what) {
      return ask<done>(self, what.deadline, {{"PUBLISH", what.channel, what.text}}, confirm);
    },
    [self](const store_listen& wish) {
      self->state.listeners.push_back(wish.listener);
      if (self->state.client)
        self->send(wish.listener, store_event{store_change::link_up, self->state.status.identity});
    },
    [self](const get_store_status&) { return self->state.status; },
    [self](const wake& why) { why.what == drain_mailbox ? drain(self) : look_after(self); },
  };
}

} // namespace holdfast

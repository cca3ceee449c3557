#include <random>

#include "actors/redis_store_parts.hpp"

namespace holdfast::redis_store_parts {

namespace {

using namespace std::chrono_literals;
using kind = redis_reply::kind;

// By age alone: a copy of a ledger may come back for as long as ledgers are adopted at all (25 days).
constexpr std::chrono::seconds remembered_for = std::chrono::hours{24} * 30;
constexpr auto first_after = 1min;
constexpr auto interval = 1h;
constexpr const char* members_per_step = "200";

void forget_in(self_pointer self, const std::vector<redis_reply>& counters) {
  std::vector<std::string> records;
  for (const auto& key : counters)
    records.push_back(keys::ledger_record(key.text));
  const auto& state = self->state;
  const auto before = std::chrono::floor<std::chrono::seconds>(state.clock->wall_now() - remembered_for);
  queue(self, {{script(redis_script::forget_retired, records, {std::to_string(before.time_since_epoch().count())})},
               redis_errand::write, state.clock->boot_now() + state.settings.command_timeout,
               [](std::span<redis_reply>) { return true; }, [](fault, const std::string&) {}});
}

bool take_step(self_pointer self, std::span<redis_reply> replies) {
  auto& state = self->state;
  const auto& answer = replies[0].elements;
  if (answer.size() != 2 || answer[0].what != kind::text || answer[1].what != kind::array)
    return false;
  if (!answer[1].elements.empty())
    forget_in(self, answer[1].elements);
  state.forget_cursor = answer[0].text;
  if (state.forget_cursor == "0")
    state.forget_at = state.clock->boot_now() + interval + std::chrono::seconds{std::random_device{}() % 600};
  return true;
}

} // namespace

void forget_retired(self_pointer self) {
  auto& state = self->state;
  const auto now = state.clock->boot_now();
  if (state.settings.bulk || now < state.forget_at)
    return;
  if (state.forget_at == boot_time{}) {
    state.forget_at = now + first_after;
    return;
  }
  queue(self, {{call({"SSCAN", word(keys::counter_index), state.forget_cursor, "COUNT", members_per_step})},
               redis_errand::free, now + state.settings.command_timeout,
               [self](std::span<redis_reply> replies) { return take_step(self, replies); },
               [](fault, const std::string&) {}});
}

} // namespace holdfast::redis_store_parts

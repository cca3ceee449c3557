// What is written into the store, and when again.
#include <algorithm>
#include <utility>

#include <caf/send.hpp>

#include "actors/cache_parts.hpp"
#include "config/keys.hpp"
#include "runtime/log.hpp"
#include "runtime/symbol_codec.hpp"

namespace holdfast::cache_parts {

namespace {

using namespace std::chrono_literals;

constexpr auto write_patience = 10s;
// Longer than any process needs to notice that the store was emptied, and to write its keys again.
constexpr auto others_first = 6s;
// Until the next refresh nobody else would have it, though somebody has made room or given permission meanwhile.
constexpr auto refused_pause = 30s;

// Another process's last good may have been there first, which writes no plain array.
void write_if_plain_is_missing(self_pointer self, market which) {
  read(
    self, {std::string{keys::symbols_cache(which)}, {}, true},
    [self, which](const store_value& plain) {
      if (!plain.value)
        write_to_store(self, which);
    },
    [](const caf::error&) {});
}

void list_refused(self_pointer self, market which, const std::string& why) {
  auto& one = of(self, which);
  one.writing.failed(why, now_of(self));
  if (!std::exchange(one.writing_again, true))
    self->delayed_send(self, refused_pause, wake_for(timer::refused_list, which));
}

} // namespace

void write_to_store(self_pointer self, market which, std::function<void()> then) {
  const auto& state = self->state;
  const auto published = board_of(self, which);
  const auto now = now_of(self);
  if (!published->table || !published->fresh(now) || !published->fetched_at) {
    if (then)
      then();
    return;
  }
  store_symbols symbols;
  symbols.which = which;
  symbols.order = published->order;
  symbols.full_value = encode_symbols(
    {published->table, published->source, published->fetched_at, published->order, state.settings.fingerprint, published->judged_since});
  if (symbols.full_value.empty()) {
    of(self, which).writing.failed("the list is larger than a value may be", now);
    if (then)
      then();
    return;
  }
  symbols.list_value = published->table->list_json();
  symbols.refreshed_at_seconds
    = std::chrono::floor<std::chrono::seconds>(*published->fetched_at).time_since_epoch().count();
  symbols.ttl = std::chrono::ceil<std::chrono::milliseconds>(published->fresh_until - now);
  symbols.deadline = now + write_patience;
  self->request(state.store, write_patience, std::move(symbols))
    .then(
      [self, which, order = published->order, then](done) {
        of(self, which).judged = std::max(of(self, which).judged, order);
        of(self, which).ours_again = true;
        of(self, which).writing.recovered();
        if (then)
          then();
      },
      [self, which, then](const caf::error& why) {
        // That it is away is told by itself, and a newer list is no failure.
        if (fault_of(why) == fault::store_refused)
          list_refused(self, which, self->system().render(why));
        if (fault_of(why) == fault::fenced) {
          of(self, which).writing.recovered();
          read_fence(self, which, [self, which](std::optional<table_order>) { follow(self, which); });
        }
        if (then)
          then();
      });
}

void write_again(self_pointer self, market which) {
  auto& one = of(self, which);
  one.writing_again = false;
  if (one.writing.count() > 0)
    write_to_store(self, which);
}

void let_others_write_first(self_pointer self, market which) {
  of(self, which).late_until = now_of(self) + others_first;
  self->delayed_send(self, others_first, wake_for(timer::late_table, which));
  follow(self, which);
}

void bring_late_table(self_pointer self, market which) {
  const auto board = board_of(self, which);
  if (board->fresh(now_of(self)) && !board->order.known())
    bring_into_store(self, which);
}

// A store that was away or emptied may have lost our keys, or have never had them.
void store_changed(self_pointer self, const store_event& event) {
  if (event.change == store_change::link_down)
    return;
  for (const auto which : all_markets) {
    const auto board = board_of(self, which);
    // Whoever waits may have come while nobody knew what the store has.
    if (!board->table && attempt_of(self, which).stage != attempt_stage::none)
      look_for_last_good(self, which);
    if (!board->table || !board->fresh(now_of(self)))
      continue;
    if (!board->order.known())
      bring_into_store(self, which);
    else
      read_fence(self, which, [self, which, order = board->order](std::optional<table_order> fence) {
        const auto found = fence.value_or(table_order{});
        if (found < order)
          write_to_store(self, which);
        else if (found > order)
          follow(self, which);
        else
          write_if_plain_is_missing(self, which);
      });
  }
}

} // namespace holdfast::cache_parts

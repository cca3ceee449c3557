// The last state changes of an engine, for "what happened last night": links up and down, writes refused and taken, markets
// stale and fresh, restarts, embargoes, refused tables.
//
// Threads  any. note() holds a short lock and is for changes of state, never for a hot path.
// Log      what no other line tells is logged here: started, fresh, stale, circuits, another store.
// Bounds   `events_max` events of at most `event_text_max` bytes of text each. What repeats with nothing else about its
//          subject in between is one event with a count.
// Restart  empty.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/export.hpp>

namespace holdfast {

enum class event_kind : std::uint8_t { // what changed
  started,
  link_up,
  link_down,
  store_changed,  // its identity: emptied, replaced, or gone back
  fresh,
  stale,
  restart,        // of a fetcher
  fetcher_down,   // past the restart intensity
  circuit_open,
  circuit_closed,
  embargo,        // the exchange forbids asking
  gate_refusal,   // a table was not believed
  writes_refused, // the store answers, but takes no writes
  writes_taken,   // it takes them again
  list_empty,     // a table was fetched of which nothing is listed
};
inline constexpr std::size_t event_kind_count = 15; // of enumerators above

// The name of the enumerator, as in metrics and routes.
constexpr std::string_view to_string(event_kind kind) noexcept {
  constexpr std::array<std::string_view, event_kind_count> names{
    "started", "link_up",      "link_down",    "store_changed",  "fresh",   "stale",
    "restart", "fetcher_down", "circuit_open", "circuit_closed", "embargo", "gate_refusal",
    "writes_refused", "writes_taken", "list_empty"};
  return names[static_cast<std::size_t>(kind)];
}

struct event { // one change of state; what repeats is one event with a count
  std::uint64_t number = 0;              // grows by one with every event of the engine
  wall_time first;                       // when it was noted; where it was repeated, the first time
  wall_time last;                        // differs from `first` where it was repeated
  std::uint64_t count = 1;               // how often it was noted, from `first` to `last`
  event_kind kind = event_kind::started; // what the subject did or suffered
  std::string subject;                   // "spot", "futures", "redis", "engine"
  std::string detail;                    // for people; nothing secret
};

class HOLDFAST_EXPORT event_log {
public:
  static constexpr std::size_t events_max = 1000;    // past it the oldest one goes
  static constexpr std::size_t event_text_max = 200; // bytes of printable text, of the subject and the detail each; the rest is cut off

  // `detail` is cut to event_text_max bytes; no secret may be in it.
  void note(event_kind kind, std::string_view subject, std::string_view detail, wall_time at);

  // The newest ones first, at most `most`.
  std::vector<event> newest(std::size_t most = events_max) const;
  // How often each kind was noted, over the whole life; by the number of the kind.
  std::array<std::uint64_t, event_kind_count> totals() const;

private:
  // False: it repeats the one before.
  bool keep(event_kind kind, const std::string& subject, const std::string& detail, wall_time at);

  mutable std::mutex mutex_;
  std::deque<event> events_; // oldest first
  std::array<std::uint64_t, event_kind_count> totals_{};
  std::uint64_t next_number_ = 1;
};

} // namespace holdfast

// What was learned from the exchange about one market, beside its tables: the state of the key, the used weight, names
// that this version does not know, the newest table that was refused, and what an operator accepted. Outlives every
// fetcher of the market.
//
// Threads  any.
// Bounds   256 unknown names; one refused table, in memory and as a file of the state folder (for inspection: the
//          reason, then the table as symbol_codec.hpp writes it, null where it is too large for that); 256 pinned
//          symbols that were let go.
// Restart  forgotten, but for that file and the one of what an operator accepted, which processes on the folder share.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/runtime/clock.hpp>
#include <holdfast/runtime/exchange_info.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/plausibility_gate.hpp>
#include <holdfast/runtime/symbol_board.hpp>

namespace holdfast {

struct gate_acceptance;

struct refused_table { // the newest table that was not believed
  symbol_table_ptr table;                       // never null; without a symbol where the exchange sent none
  symbols_source source = symbols_source::none; // where it came from
  gate_verdict verdict;                         // why it was not believed
  wall_time fetched_at;                         // when the exchange was asked for it
  boot_time fetched_boot;                       // the same instant on this boot clock
};

// A copy of everything, for status.
struct exchange_facts {
  bool has_key = false;                       // a key of the private API is configured
  std::string key_refusal;                    // the newest; empty: never refused
  std::optional<boot_time> key_refused_until; // the key is not used before
  std::optional<std::int64_t> used_weight;    // of the minute at `weight_at`
  std::optional<std::int64_t> weight_limit;   // per minute; none: not told yet
  std::optional<boot_time> weight_at;         // when the exchange told it; none: never
  bool without_permission_sets = false;       // the whole list is too large
  std::uint64_t bad_symbols = 0;              // of the newest body
  std::vector<schema_unknown> unknown;        // bodies that had it
  std::uint64_t refusals = 0;                 // of the plausibility gate, so far
  std::optional<refused_table> refused;       // not accepted since
};

class HOLDFAST_EXPORT exchange_memory {
public:
  // `file`, for the refused table, and `accepted_file`, for what an operator accepted: empty: in memory only.
  exchange_memory(std::string file, clock_ptr clock, bool has_key, std::string accepted_file = {});
  ~exchange_memory();

  // `why` is for people, without the key.
  void key_refused(std::string why, std::chrono::nanoseconds for_how_long);
  // There is a key, and its last refusal is over.
  bool key_usable() const;
  // As the exchange counts this address, in the running minute.
  void weight_told(std::int64_t used);
  // Per minute.
  void limit_told(std::int64_t limit);
  // As limit_told() last; none: not told yet.
  std::optional<std::int64_t> weight_limit() const;
  // Asking for less was needed. Remembered for 10 minutes, then the whole is tried again; where that is too large within a
  // day after them, for a day, and so on. While it is remembered another one changes nothing.
  void whole_was_too_large();
  // False: the next question leaves permission sets out.
  bool asks_for_whole() const;
  // Of one body: bad symbols replace those of the last one, unknown names join those that are known.
  void schema_seen(const std::vector<schema_unknown>& unknown, std::uint64_t bad_symbols);

  // Replaces the one before, and the file where table or reason differ from it. Its table must not be null.
  void refused(refused_table table);
  // The refused table, once: a good one came.
  std::optional<refused_table> take_refused();
  // An operator believes this one, which was refused: those of the pinned symbols that it lacks are missed no more, and its
  // time is the exchange's. That holds for the tables to come, too.
  void accepted(const refused_table& table, const std::vector<std::string>& pinned);

  // What is asked of the next table: `wanted`, less what an operator has accepted. The time that a spot body must not be
  // before is the newest that was believed, also where its content was not new.
  gate_settings gate_for(gate_settings wanted, const symbol_table* baseline);
  // Of the exchange's own rows. A pinned symbol that is there again is missed from now on.
  void believed(const symbol_table& table);

  // As of now: a refusal of the key that is over has no end any more.
  exchange_facts facts() const;

private:
  void look_at_accepted();
  void keep_accepted();

  std::string file_;
  std::string accepted_file_;
  clock_ptr clock_;
  mutable std::mutex mutex_;
  exchange_facts facts_;
  std::optional<boot_time> smaller_until_; // none: the whole was never too large
  // What is in the file, so that a table refused a hundred times is written once.
  std::optional<std::pair<std::uint64_t, gate_reason>> kept_;
  std::unique_ptr<gate_acceptance> accepted_;
  std::int64_t newest_time_ms_ = 0; // of a spot body that was believed
};

} // namespace holdfast

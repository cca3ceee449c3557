// Reads a body of the exchange's `exchangeInfo`, spot or futures, into a symbol table: in one pass, without a tree.
//
// Tolerant  one bad symbol never costs the others; unknown fields, filters, statuses and contract types are counted,
//           never refused; numbers are taken where strings are expected and the other way round; of a key written
//           twice the last one counts; half a surrogate pair becomes the replacement character.
// Bounds    nesting is skipped without recursion, to a million levels; at most 64 distinct unknown names are remembered.
// Errors    a body that is not JSON, not an object, or an error of the exchange ({"code":..,"msg":..}).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/runtime/expected.hpp>
#include <holdfast/runtime/export.hpp>
#include <holdfast/runtime/symbol_table.hpp>

namespace holdfast {

// Something that this version has no name for.
struct schema_unknown {
  // Where it stood: as a value of a symbol, as a filter's type, or as a key of an object (`field`): also one that is
  // known, permissions, whose list has another shape than is known.
  enum class kind : std::uint8_t { status, contract_type, filter, field };
  kind what = kind::field; // names of two kinds are two, also where they read the same
  std::string name;        // the exchange's, cut where it is long; "?": no clean UTF-8
  std::uint64_t count = 0; // how often it was met
};

struct exchange_info {
  symbol_table_ptr table;                          // never null; may be without a symbol
  std::int64_t server_time_ms = 0;                 // 0: not told
  std::optional<std::int64_t> weight_per_minute;   // REQUEST_WEIGHT limit of the body's rateLimits
  std::uint64_t bad_symbols = 0;                   // left out (unusable or repeated name, no object) or never listed (no asset)
  std::vector<schema_unknown> unknown;             // of this body; see Bounds
};

struct exchange_info_error {        // why a body is no list
  std::optional<std::int64_t> code; // of the exchange, where the body is its error
  std::string message;              // for people
};

// `body` is taken apart in place.
HOLDFAST_EXPORT expected<exchange_info, exchange_info_error> read_exchange_info(std::string body, const list_rules& rules);

} // namespace holdfast

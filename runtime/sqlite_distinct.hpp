// Distinct counts in the embedded store: a sketch (hyperloglog.hpp) as the value of a key.
//
// Threads  as sqlite_kv; adding is done within a transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/runtime/sqlite_kv.hpp>

namespace holdfast {

enum class distinct_outcome : std::uint8_t { added, failed, other_value };

// Writes only where something is new. `other_value`: the key holds something else, which stays.
distinct_outcome add_distinct(sqlite_kv& database, std::string_view key, std::span<const std::string> elements,
                              std::int64_t now_ms);
// None: the key holds something else.
std::optional<std::uint64_t> count_distinct(sqlite_kv& database, std::string_view key, std::int64_t now_ms);

} // namespace holdfast

// Private to the embedded store: how a list is kept in the database. Run in one transaction.
#pragma once

#include <cstdint>

#include "messages/store.hpp"
#include "runtime/sqlite_kv.hpp"

namespace holdfast {

// Expired keys that a write with a time to live takes along.
inline constexpr int forgotten_per_write = 8;

// Whether the database has a list of a newer order.
bool is_fenced(sqlite_kv& database, const store_symbols& symbols, std::int64_t now_ms);

// The fence, the full value, both plain arrays and the time of the refresh; false where the database refused any of it.
bool put_symbols(sqlite_kv& database, const store_symbols& symbols, std::int64_t now_ms);

} // namespace holdfast

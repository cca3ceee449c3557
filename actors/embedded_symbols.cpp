#include "actors/embedded_symbols.hpp"

#include "config/keys.hpp"

namespace holdfast {

bool is_fenced(sqlite_kv& database, const store_symbols& symbols, std::int64_t now_ms) {
  const auto stored = database.get(keys::fence(keys::symbols_full(symbols.which)), now_ms);
  return stored && symbols.order < parse_table_order(stored->text);
}

bool put_symbols(sqlite_kv& database, const store_symbols& symbols, std::int64_t now_ms) {
  const auto which = symbols.which;
  const bool fresh = symbols.ttl.count() > 0;
  return database.set(keys::fence(keys::symbols_full(which)), to_text(symbols.order), std::nullopt)
         && database.set(keys::symbols_full(which), symbols.full_value, std::nullopt)
         && (!fresh
             || (database.set(keys::symbols_cache(which), symbols.list_value, expiry_of(now_ms, symbols.ttl))
                 && database.forget_expired(now_ms, forgotten_per_write)))
         && database.raise(keys::last_refresh(which), symbols.refreshed_at_seconds, now_ms)
         && database.set(keys::symbols_last_good(which), symbols.list_value, std::nullopt);
}

} // namespace holdfast

#include "runtime/sqlite_distinct.hpp"

#include "runtime/hyperloglog.hpp"
#include "runtime/stable_hash.hpp"

namespace holdfast {

distinct_outcome add_distinct(sqlite_kv& database, std::string_view key, std::span<const std::string> elements,
                              std::int64_t now_ms) {
  const auto failures_before = database.failures();
  const auto stored = database.get(key, now_ms);
  if (database.failures() != failures_before)
    return distinct_outcome::failed; // a sketch that could not be read must not be replaced
  auto sketch = stored ? hyperloglog::parse(stored->text) : hyperloglog{};
  if (!sketch)
    return distinct_outcome::other_value;
  bool changed = false;
  for (const auto& element : elements)
    changed = sketch->add(stable_hash(element)) || changed;
  if (!changed)
    return distinct_outcome::added;
  return database.set(key, sketch->text(), std::nullopt) ? distinct_outcome::added : distinct_outcome::failed;
}

std::optional<std::uint64_t> count_distinct(sqlite_kv& database, std::string_view key, std::int64_t now_ms) {
  const auto stored = database.get(key, now_ms);
  if (!stored)
    return 0;
  const auto sketch = hyperloglog::parse(stored->text);
  return sketch ? std::optional{sketch->count()} : std::nullopt;
}

} // namespace holdfast

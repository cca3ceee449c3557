#include "runtime/sqlite_statement.hpp"

namespace holdfast {

std::optional<merge_verdict> sqlite_kv::merge(const merge_row& row, std::int64_t now_ms) {
  merge_state found;
  if (statement query{*this, "SELECT generation FROM record WHERE key=?1"}; query.with(row.key).step())
    found.generation = query.text(0);
  if (statement query{*this, "SELECT state FROM writer WHERE key=?1 AND id=?2"}; query.with(row.key).with(row.writer).step())
    found.state = query.text(0);
  const auto before = get(row.key, now_ms);
  found.counter_exists = before.has_value();
  const bool as_expected = found.generation == row.expected.generation && found.state == row.expected.state
                           && (!found.generation.empty() || found.counter_exists == row.expected.counter_exists);
  if (!as_expected)
    return merge_verdict{merge_outcome::mismatch, found, {}};
  const auto number = before ? sqlite_integer(before->text) : std::optional<std::int64_t>{0};
  std::int64_t sum = 0;
  if (!number)
    return merge_verdict{merge_outcome::refused, {}, "the value is not an integer"};
  if (__builtin_add_overflow(*number, row.difference, &sum))
    return merge_verdict{merge_outcome::refused, {}, "the counter would overflow"};
  bool good = row.difference == 0 || set(row.key, std::to_string(sum), before ? before->expires_ms : std::nullopt);
  if (found.generation.empty())
    good = good && statement{*this, "INSERT INTO record VALUES(?1,?2)"}.with(row.key).with(row.new_generation).run();
  good = good
         && statement{*this, "INSERT INTO writer VALUES(?1,?2,?3) ON CONFLICT(key,id) DO UPDATE SET state=?3"}
              .with(row.key)
              .with(row.writer)
              .with(row.new_state)
              .run();
  if (!good)
    return std::nullopt;
  return merge_verdict{merge_outcome::merged, {}, {}};
}

counter_found sqlite_kv::read_counter(const counter_read& read, std::int64_t now_ms) {
  counter_found found;
  if (const auto stored = get(read.key, now_ms)) {
    found.exists = true;
    found.value = sqlite_integer(stored->text);
  }
  if (statement query{*this, "SELECT generation FROM record WHERE key=?1"}; query.with(read.key).step())
    found.generation = query.text(0);
  for (const auto& writer : read.writers) {
    statement query{*this, "SELECT state FROM writer WHERE key=?1 AND id=?2"};
    found.states.push_back(query.with(read.key).with(writer).step() ? query.text(0) : std::string{});
  }
  return found;
}

bool sqlite_kv::forget_retired(std::int64_t before_seconds) {
  return statement{*this,
                   "DELETE FROM writer WHERE instr(state,' r')>0 AND CAST(substr(state,instr(state,' r')+2) AS INTEGER)<?1"}
    .with(before_seconds)
    .run();
}

} // namespace holdfast

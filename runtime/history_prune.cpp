// What a history throws away: by age, by the size of its file, and of counters that ended.
#include <array>

#include "runtime/history_file.hpp"
#include "runtime/history_statement.hpp"

namespace holdfast {

namespace {

// What a file that is too large keeps all the same. Hours are what features are told from, a month of them.
constexpr std::array<std::chrono::seconds, 3> least{std::chrono::minutes{10}, std::chrono::minutes{10},
                                                    std::chrono::hours{24 * 32}};

} // namespace

// The newest row before the limit stays: it is what an idle counter still is.
bool history_file::drop_before(std::int64_t step, std::int64_t slot) {
  if (!history_statement{*this, "DELETE FROM seen WHERE step=?1 AND slot<?2"}.with(step).with(slot).run())
    return false;
  for (const auto& [key, id] : ids_)
    if (!history_statement{*this, "DELETE FROM point WHERE step=?1 AND series=?2 AND slot<(SELECT max(slot) FROM point "
                                  "WHERE step=?1 AND series=?2 AND slot<=?3)"}
             .with(step)
             .with(id)
             .with(slot)
             .run())
      return false;
  return true;
}

bool history_file::drop_old(std::int64_t now) {
  for (const auto step : steps)
    if (!drop_before(step, (now - kept(step).count()) / step))
      return false;
  for (std::size_t i = 0; i < steps.size(); ++i)
    for (auto keep = kept(steps[i]) / 2; bytes() > limits_.bytes_max && keep >= least[i]; keep /= 2)
      if (!drop_before(steps[i], (now - keep.count()) / steps[i]))
        return false;
  return true;
}

// Counters that ended so long ago that nothing but their end is left. One without any row has just begun.
bool history_file::drop_ended(std::vector<std::string>& gone) {
  for (const auto& [key, id] : ids_) {
    if (known_[id].alive)
      continue;
    history_statement any{*this, "SELECT 1 FROM point WHERE series=?1 AND step IN (10, 60, 3600) LIMIT 1"};
    history_statement total{
        *this, "SELECT 1 FROM point WHERE series=?1 AND value IS NOT NULL AND step IN (10, 60, 3600) LIMIT 1"};
    if (any.with(id).step() && !total.with(id).step())
      gone.push_back(key);
  }
  for (const auto& key : gone) {
    const auto id = ids_[key];
    if (!history_statement{*this, "DELETE FROM point WHERE step IN (10, 60, 3600) AND series=?1"}.with(id).run()
        || !history_statement{*this, "DELETE FROM series WHERE id=?1"}.with(id).run())
      return false;
  }
  return true;
}

void history_file::prune(std::int64_t now) {
  if (!run("BEGIN IMMEDIATE"))
    return;
  std::vector<std::string> gone;
  if (!load_series() || !drop_old(now) || !drop_ended(gone) || !run("COMMIT"))
    return roll_back();
  for (const auto& key : gone) {
    known_.erase(ids_[key]);
    ids_.erase(key);
  }
}

} // namespace holdfast
